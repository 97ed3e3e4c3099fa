import { lazy, Suspense, useState } from "react";
import { BASE } from "../../api/client";
import { Spinner } from "../../ui/feedback";
import { pieces } from "./ansi";
import { JsonTree } from "./JsonTree";
import type { OutputRef } from "./queries";
import { TREE, TreeView, type TreeNode } from "./TreeView";

const VegaView = lazy(() => import("./VegaView"));
const PlotlyView = lazy(() => import("./PlotlyView"));

/** The richest form first: what is shown of a value that has several. */
const ORDER = [
  "application/vnd.plotly.v1+json",
  "application/vnd.vegalite.v6+json",
  "application/vnd.vegalite.v5+json",
  "application/vnd.vega.v5+json",
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "text/html",
  "image/svg+xml",
  "text/markdown",
  TREE,
  "application/json",
  "text/plain",
];

/** A value in the form that shows most of it. Markup of user code is only ever drawn in a frame with an origin of its own. */
export function MimeView({ mime, target }: { mime: Readonly<Record<string, unknown>>; target?: OutputRef }) {
  const types = ORDER.filter((type) => mime[type] !== undefined && mime[type] !== null && (type !== TREE || target !== undefined));
  const rest = Object.keys(mime).filter((type) => !ORDER.includes(type));
  const [chosen, setChosen] = useState("");
  const type = types.includes(chosen) ? chosen : types[0];
  if (!type) return <p className="p-3 text-muted">{rest.length > 0 ? `There is no view of ${rest.join(", ")}.` : "There is nothing to show."}</p>;
  return (
    <div className="flex h-full min-h-0 flex-col">
      {types.length > 1 && (
        <div className="flex gap-2 border-b border-line px-2 py-1 text-meta" role="group" aria-label="Form">
          {types.map((one) => (
            <button key={one} type="button" aria-pressed={one === type} className={one === type ? "font-semibold" : "text-muted"} onClick={() => setChosen(one)}>{wordOf(one)}</button>
          ))}
        </div>
      )}
      <div className="min-h-0 flex-1 overflow-auto">
        <Suspense fallback={<div className="p-3"><Spinner /></div>}>
          <One type={type} value={mime[type]} target={target} />
        </Suspense>
      </div>
    </div>
  );
}

function One({ type, value, target }: { type: string; value: unknown; target: OutputRef | undefined }) {
  if (type === TREE && target) return <TreeView node={value as TreeNode} target={target} />;
  if (type.startsWith("image/") && type !== "image/svg+xml") return <Picture type={type} base64={String(value)} />;
  if (type === "application/vnd.plotly.v1+json") return <PlotlyView figure={parsed(value)} />;
  if (type.startsWith("application/vnd.vega")) return <VegaView spec={parsed(value)} lite={type.includes("vegalite")} />;
  if (type === "text/html" || type === "image/svg+xml") return <Markup value={value} />;
  if (type === "application/json") return <div className="p-2"><JsonTree value={parsed(value)} /></div>;
  return (
    <pre className="whitespace-pre-wrap break-words p-3 font-mono text-code">
      {pieces(String(value)).map((piece, index) => (
        <span key={index} style={{ color: piece.colour ?? undefined }}>{piece.text}</span>
      ))}
    </pre>
  );
}

function Picture({ type, base64 }: { type: string; base64: string }) {
  const [full, setFull] = useState(false);
  return (
    <button type="button" className="block p-3" aria-label={full ? "Fit the picture into the panel" : "Show the picture in its own size"} onClick={() => setFull(!full)}>
      <img src={`data:${type};base64,${base64}`} alt="Output of the block" className={full ? "max-w-none bg-white" : "max-h-[70vh] max-w-full bg-white"} />
    </button>
  );
}

/** Either an address that the server answers with a sandbox policy, or text that is drawn in a sandboxed frame here. */
function Markup({ value }: { value: unknown }) {
  const url = typeof value === "object" && value !== null ? (value as { url?: string }).url : undefined;
  const frame = url ? { src: url.startsWith("/api") ? `${BASE}${url}` : url } : { srcDoc: String(value) };
  return <iframe title="Output of the block" sandbox="allow-scripts" className="h-full min-h-80 w-full border-0 bg-white" {...frame} />;
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function wordOf(type: string): string {
  if (type.includes("plotly")) return "Plotly";
  if (type.includes("vega")) return "Vega";
  if (type === "text/plain") return "Text";
  if (type === "text/html") return "HTML";
  if (type === TREE) return "Tree";
  if (type === "application/json") return "JSON";
  return type.replace(/^.*\//, "").toUpperCase();
}
