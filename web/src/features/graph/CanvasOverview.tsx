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

  const drawn = useRef<Drawn | null>(null);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !width || !height) return;
    const now = { x, y, zoom, width, height, blocks, layout, statuses, selected, theme: document.documentElement.dataset.theme };
    const before = drawn.current;
    // Moving the picture is free, drawing it is not: it is larger than the view on each side by half of it.
    if (before && sameBut(before, now) && Math.abs(x - before.x) < width / 2 && Math.abs(y - before.y) < height / 2) {
      element.style.transform = `translate(${x - before.x}px, ${y - before.y}px)`;
      return;
    }
    drawn.current = now;
    element.style.transform = "none";
    const scale = window.devicePixelRatio || 1;
    if (element.width !== width * 2 * scale || element.height !== height * 2 * scale) {
      element.width = width * 2 * scale;
      element.height = height * 2 * scale;
    }
    const [left, top] = [x + width / 2, y + height / 2];
    const style = getComputedStyle(element);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width * 2, height * 2);
    context.setTransform(scale * zoom, 0, 0, scale * zoom, scale * left, scale * top);
    const seen: Area = { left: -left / zoom, top: -top / zoom, right: (width * 2 - left) / zoom, bottom: (height * 2 - top) / zoom };
    drawEdges(context, blocks, layout, style, zoom, seen);
    drawBlocks(context, blocks, layout, statuses, selected, style, zoom, seen);
  }, [blocks, layout, statuses, selected, x, y, zoom, width, height]);

  return <canvas ref={canvas} className="pointer-events-none absolute z-[1] will-change-transform" style={{ left: -width / 2, top: -height / 2, width: width * 2, height: height * 2, maxWidth: "none" }} aria-hidden="true" />;
}

/** What a picture was drawn from. */
interface Drawn {
  x: number;
  y: number;
  [key: string]: unknown;
}

function sameBut(one: Drawn, other: Drawn): boolean {
  return Object.keys(other).every((key) => key === "x" || key === "y" || one[key] === other[key]);
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
