import { BaseEdge, EdgeLabelRenderer, getBezierPath, type EdgeProps } from "@xyflow/react";
import { X } from "lucide-react";
import { createContext, useContext } from "react";

/** Removes an edge; null while the graph is only shown. */
export const DisconnectContext = createContext<((from: string, to: string) => void) | null>(null);

/** An edge with a button in its middle that removes it, shown while it is pointed at or selected. */
export function EdgeLine(props: EdgeProps) {
  const disconnect = useContext(DisconnectContext);
  const [path, labelX, labelY] = getBezierPath(props);
  return (
    <>
      <BaseEdge id={props.id} path={path} interactionWidth={18} />
      {disconnect && props.selected && (
        <EdgeLabelRenderer>
          <button
            type="button"
            className="graph-edge-remove nodrag nopan"
            style={{ transform: `translate(-50%, -50%) translate(${labelX}px, ${labelY}px)` }}
            onClick={() => disconnect(props.source, props.target)}
            aria-label={`Remove the edge from ${props.source} to ${props.target}`}
            title="Remove this edge (Delete)"
          >
            <X size={12} aria-hidden="true" />
          </button>
        </EdgeLabelRenderer>
      )}
    </>
  );
}
