import { useStore, useViewport } from "@xyflow/react";
import { useEffect, useRef } from "react";
import { DEFAULT_OPTIONS, type Layout } from "./layout";
import type { GraphBlock, GraphStatus } from "./model";
import { colourOf } from "./colours";

interface Props {
  blocks: readonly GraphBlock[];
  layout: Layout;
  statuses: Readonly<Record<string, GraphStatus | undefined>>;
  selected: string | null;
}

/** The whole graph as one picture: what is drawn instead of hundreds of elements while the view is far out. */
export function CanvasOverview({ blocks, layout, statuses, selected }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { x, y, zoom } = useViewport();
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !width || !height) return;
    const scale = window.devicePixelRatio || 1;
    if (element.width !== width * scale || element.height !== height * scale) {
      element.width = width * scale;
      element.height = height * scale;
    }
    const style = getComputedStyle(element);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(scale * zoom, 0, 0, scale * zoom, scale * x, scale * y);
    const seen: Area = { left: -x / zoom, top: -y / zoom, right: (width - x) / zoom, bottom: (height - y) / zoom };
    drawEdges(context, blocks, layout, style, zoom, seen);
    drawBlocks(context, blocks, layout, statuses, selected, style, zoom, seen);
  }, [blocks, layout, statuses, selected, x, y, zoom, width, height]);

  return <canvas ref={canvas} className="pointer-events-none absolute inset-0 z-[1] h-full w-full" aria-hidden="true" />;
}

/** What is in view, in the graph's own px: the rest of a large graph is not drawn. */
interface Area {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function drawEdges(
  context: CanvasRenderingContext2D,
  blocks: readonly GraphBlock[],
  layout: Layout,
  style: CSSStyleDeclaration,
  zoom: number,
  seen: Area,
): void {
  const { width, height } = DEFAULT_OPTIONS;
  context.beginPath();
  for (const block of blocks) {
    const end = layout.positions.get(block.uuid);
    if (!end) continue;
    for (const parent of block.upstream) {
      const start = layout.positions.get(parent);
      if (!start || end.y < seen.top || start.y + height > seen.bottom) continue;
      if (Math.max(start.x, end.x) + width < seen.left || Math.min(start.x, end.x) > seen.right) continue;
      context.moveTo(start.x + width / 2, start.y + height);
      context.lineTo(end.x + width / 2, end.y);
    }
  }
  context.strokeStyle = style.getPropertyValue("--line-strong").trim() || style.getPropertyValue("--text-muted").trim();
  context.globalAlpha = 0.45;
  context.lineWidth = 1 / zoom;
  context.stroke();
  context.globalAlpha = 1;
}

function drawBlocks(
  context: CanvasRenderingContext2D,
  blocks: readonly GraphBlock[],
  layout: Layout,
  statuses: Readonly<Record<string, GraphStatus | undefined>>,
  selected: string | null,
  style: CSSStyleDeclaration,
  zoom: number,
  seen: Area,
): void {
  const { width, height } = DEFAULT_OPTIONS;
  // Reading a token costs more than drawing a block: once a colour.
  const colours = new Map<string, string>();
  const accent = style.getPropertyValue("--accent").trim();
  const surface = style.getPropertyValue("--surface-0").trim();
  const label = zoom > 0.28;
  context.font = `600 ${Math.min(28, 11 / zoom)}px ${style.fontFamily}`;
  context.textBaseline = "middle";
  for (const block of blocks) {
    const place = layout.positions.get(block.uuid);
    if (!place || place.x > seen.right || place.x + width < seen.left || place.y > seen.bottom || place.y + height < seen.top) continue;
    const state = statuses[block.uuid]?.state ?? "never";
    const colour = colours.get(state) ?? colourOf(state, style);
    colours.set(state, colour);
    context.fillStyle = colour;
    context.fillRect(place.x, place.y, width, height);
    if (block.uuid === selected) {
      context.strokeStyle = accent;
      context.lineWidth = 3 / zoom;
      context.strokeRect(place.x, place.y, width, height);
    }
    if (label) {
      context.fillStyle = surface;
      context.fillText(block.name, place.x + 8, place.y + height / 2, width - 16);
    }
  }
}
