import type { ReactNode } from "react";
import { Group, Panel, Separator, useDefaultLayout } from "react-resizable-panels";

export interface SplitPaneProps {
  /** Under this name the sizes are kept in the browser. */
  name: string;
  direction?: "horizontal" | "vertical";
  /** Each with its share of the room in percent; `min` too. Children that are null take no place. */
  panes: { id: string; size: number; min?: number; content: ReactNode }[];
}

export function SplitPane({ name, direction = "horizontal", panes }: SplitPaneProps) {
  const { defaultLayout, onLayoutChanged } = useDefaultLayout({ id: `penstock.${name}`, panelIds: panes.map((pane) => pane.id) });
  return (
    <Group orientation={direction} defaultLayout={defaultLayout} onLayoutChanged={onLayoutChanged} className="h-full w-full">
      {panes.flatMap((pane, index) => [
        index > 0 && (
          <Separator
            key={`${pane.id}-edge`}
            aria-label="Resize"
            className={direction === "horizontal" ? "w-1 bg-line hover:bg-accent data-[separator=active]:bg-accent" : "h-1 bg-line hover:bg-accent data-[separator=active]:bg-accent"}
          />
        ),
        <Panel key={pane.id} id={pane.id} defaultSize={`${pane.size}%`} minSize={`${pane.min ?? 10}%`} className="min-h-0 min-w-0 overflow-hidden">
          {pane.content}
        </Panel>,
      ])}
    </Group>
  );
}
