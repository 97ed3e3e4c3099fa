import {
  Background,
  BackgroundVariant,
  Controls,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  type Connection,
  type Edge,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useCallback, useEffect, useMemo, useRef, type KeyboardEvent, type MouseEvent } from "react";
import { BlockNodeView } from "./BlockNodeView";
import { CanvasOverview } from "./CanvasOverview";
import { DisconnectContext, EdgeLine } from "./EdgeLine";
import "./graph.css";
import { DEFAULT_OPTIONS, layoutGraph, wrapLayers, type Layout } from "./layout";
import { edgesOf, graphBlocks, neighbour, nodesOf, refuseEdge, type BlockNode, type GraphBlock, type GraphStatus } from "./model";

const NODE_TYPES = { block: BlockNodeView };
const EDGE_TYPES = { block: EdgeLine };
/** From this many blocks on, a view from far out is one picture instead of elements. */
const MANY = 200;
const FAR = 0.5;
/** Up to this many blocks, wide layers are broken into rows so that the graph can be read in a narrow pane. */
const FEW = 60;
const READABLE = 0.75;

export interface GraphPanelProps {
  blocks: readonly GraphBlock[];
  statuses: Readonly<Record<string, GraphStatus | undefined>>;
  selected: string | null;
  onSelect: (block: string | null) => void;
  /** Opens the block: double click or Enter. */
  onOpen?: (block: string) => void;
  /** Absent where the graph is only shown. */
  onConnect?: (from: string, to: string) => void;
  onDisconnect?: (from: string, to: string) => void;
  /** An edge that cannot be drawn, in words. */
  onRefused?: (why: string) => void;
}

/** The blocks of a pipeline as a graph: pick one, see how it went, draw and remove edges. */
export function GraphPanel(props: GraphPanelProps) {
  return (
    <ReactFlowProvider>
      <Graph {...props} />
    </ReactFlowProvider>
  );
}

function Graph({ blocks: given, statuses, selected, onSelect, onOpen, onConnect, onDisconnect, onRefused }: GraphPanelProps) {
  const blocks = useMemo(() => graphBlocks(given), [given]);
  // Positions depend on names and edges alone: a change of state must not lay the graph out again.
  const shape = useMemo(() => JSON.stringify(blocks.map((block) => [block.uuid, block.upstream])), [blocks]);
  const whole = useMemo(
    () => layoutGraph((JSON.parse(shape) as [string, string[]][]).map(([id, upstream]) => ({ id, upstream }))),
    [shape],
  );
  // By steps, so that dragging the pane's edge does not lay the graph out at every pixel.
  const room = useStore((store) => Math.round((store.width - 48) / READABLE / 40) * 40);
  const layout = useMemo(() => (blocks.length <= FEW && room > 0 ? wrapLayers(whole, room) : whole), [whole, room, blocks.length]);
  const far = useStore((store) => store.transform[2] < FAR) && blocks.length > MANY;
  const nodes = useMemo(
    () => (far ? [] : nodesOf(blocks, layout, statuses, selected, Boolean(onConnect))),
    [far, blocks, layout, statuses, selected, onConnect],
  );
  const edges = useMemo(() => (far ? [] : edgesOf(blocks, statuses, selected)), [far, blocks, statuses, selected]);
  const flow = useReactFlow();
  useView(layout, selected, blocks.length);

  const connect = useCallback(
    (connection: Connection) => {
      const why = refuseEdge(blocks, connection.source, connection.target);
      if (why) onRefused?.(why);
      else onConnect?.(connection.source, connection.target);
    },
    [blocks, onConnect, onRefused],
  );
  const remove = useCallback(
    (gone: Edge[]) => gone.forEach((edge) => onDisconnect?.(edge.source, edge.target)),
    [onDisconnect],
  );
  const pick = useCallback(
    (event: MouseEvent) => {
      const point = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
      const hit = far ? blockAt(layout, point) : null;
      onSelect(hit);
      if (hit) void flow.setCenter(...centreOf(layout, hit), { zoom: 1, duration: 0 });
    },
    [far, flow, layout, onSelect],
  );
  const onKey = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLElement && event.target.closest("button")) return;
    if (event.key.startsWith("Arrow")) {
      const next = neighbour(layout, selected, event.key);
      if (next) onSelect(next);
    } else if (event.key === "Enter" && selected) onOpen?.(selected);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <DisconnectContext.Provider value={onDisconnect ?? null}>
      <div
        className="graph"
        role="application"
        aria-label="Graph of blocks. Arrow keys move between blocks, Enter opens one."
        tabIndex={0}
        onKeyDownCapture={onKey}
      >
        <ReactFlow<BlockNode, Edge>
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          onNodeClick={(_, node) => onSelect(node.id)}
          onNodeDoubleClick={(_, node) => onOpen?.(node.id)}
          onPaneClick={pick}
          onConnect={connect}
          onEdgesDelete={remove}
          deleteKeyCode={onDisconnect ? ["Delete", "Backspace"] : null}
          nodesConnectable={Boolean(onConnect)}
          nodesDraggable={false}
          nodesFocusable={false}
          elementsSelectable
          onlyRenderVisibleElements
          connectionRadius={40}
          minZoom={0.05}
          maxZoom={1.6}
          zoomOnDoubleClick={false}
          proOptions={{ hideAttribution: true }}
        >
          {!far && <Background variant={BackgroundVariant.Dots} gap={20} size={1} />}
          <Controls showInteractive={false} fitViewOptions={{ padding: 0.15, maxZoom: 1 }} />
          {far && <CanvasOverview blocks={blocks} layout={layout} statuses={statuses} selected={selected} />}
        </ReactFlow>
      </div>
    </DisconnectContext.Provider>
  );
}

/** Fits the graph once when it is first seen and when blocks come or go; brings the selected block into view. */
function useView(layout: Layout, selected: string | null, count: number): void {
  const flow = useReactFlow();
  const width = useStore((store) => store.width);
  const height = useStore((store) => store.height);
  const fitted = useRef("");
  useEffect(() => {
    const key = `${count}:${layout.width}`;
    if (!width || !height || fitted.current === key) return;
    fitted.current = key;
    const zoom = Math.min(1, width / (layout.width + 60), height / (layout.height + 60));
    // A large graph would be specks: begin at its top, readable, and leave the whole of it to the fit button.
    const readable = Math.max(zoom, count > MANY ? 0.3 : 0.45);
    const top = zoom < readable ? 24 : (height - layout.height * readable) / 2;
    void flow.setViewport({ x: (width - layout.width * readable) / 2, y: top, zoom: readable });
  }, [flow, width, height, count, layout]);
  useEffect(() => {
    if (!selected || !width || !layout.positions.has(selected)) return;
    const [x, y] = centreOf(layout, selected);
    const view = flow.getViewport();
    const sx = x * view.zoom + view.x;
    const sy = y * view.zoom + view.y;
    if (sx < 60 || sy < 40 || sx > width - 60 || sy > height - 40) {
      void flow.setCenter(x, y, { zoom: view.zoom, duration: 0 });
    }
  }, [flow, selected, layout, width, height]);
}

function centreOf(layout: Layout, block: string): [number, number] {
  const place = layout.positions.get(block) ?? { x: 0, y: 0 };
  return [place.x + DEFAULT_OPTIONS.width / 2, place.y + DEFAULT_OPTIONS.height / 2];
}

function blockAt(layout: Layout, point: { x: number; y: number }): string | null {
  for (const [id, place] of layout.positions) {
    const inside =
      point.x >= place.x &&
      point.x <= place.x + DEFAULT_OPTIONS.width &&
      point.y >= place.y &&
      point.y <= place.y + DEFAULT_OPTIONS.height;
    if (inside) return id;
  }
  return null;
}
