import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import { api } from "../../api/client";
import { count } from "../../app/format";
import { ContextMenu } from "../../ui/Menu";
import { toastError } from "../../ui/toasts";
import { outputQuery, productPath, type MimeValue, type OutputRef } from "./queries";

export const TREE = "application/vnd.penstock.tree+json";

export interface TreeNode {
  type: string;
  value?: unknown;
  size?: number;
  offset?: number;
  entries?: [string, TreeNode][];
  items?: TreeNode[];
  codec?: string;
}

/** A stored value as a tree. What is large comes in parts, as it is opened. */
export function TreeView({ node, target }: { node: TreeNode; target: OutputRef }) {
  return <div className="p-2 font-mono text-code"><Node node={node} target={target} name="" positions={[]} path="$" open /></div>;
}

interface NodeProps {
  node: TreeNode;
  target: OutputRef;
  name: string;
  positions: number[];
  path: string;
  open?: boolean;
}

function childrenOf(node: TreeNode): [string, TreeNode][] | null {
  if (node.entries) return node.entries;
  if (node.items) return node.items.map((item, index) => [String((node.offset ?? 0) + index), item]);
  return null;
}

function Node({ node, target, name, positions, path, open = false }: NodeProps) {
  const [shown, setShown] = useState(open);
  const [more, setMore] = useState<[string, TreeNode][]>([]);
  const [busy, setBusy] = useState(false);
  const first = childrenOf(node);
  const label = name !== "" && <span className="text-[var(--code-name)]">{name}: </span>;
  const menu = [{ label: "Copy path", hint: path, onSelect: () => void navigator.clipboard.writeText(path) }];
  if (!first) {
    return (
      <ContextMenu items={[{ label: "Copy value", onSelect: () => void navigator.clipboard.writeText(String(node.value)) }, ...menu]}>
        <div className="whitespace-pre-wrap break-words py-px pl-4">{label}<Scalar node={node} /></div>
      </ContextMenu>
    );
  }
  const children = [...first, ...more];
  const size = node.size ?? children.length;
  const fetchMore = () => {
    setBusy(true);
    api
      .get<MimeValue>(`${productPath(target)}/value`, { query: { ...outputQuery(target), path: positions.join(","), offset: children.length } })
      .then((answer) => setMore((held) => [...held, ...(childrenOf(answer.mime[TREE] as TreeNode) ?? [])]), toastError)
      .finally(() => setBusy(false));
  };
  return (
    <div>
      <ContextMenu items={menu}>
        <button type="button" aria-expanded={shown} className="flex w-full items-center gap-0.5 py-px text-left hover:bg-s1" onClick={() => setShown(!shown)}>
          {shown ? <ChevronDown size={12} aria-hidden="true" /> : <ChevronRight size={12} aria-hidden="true" />}
          {label}
          <span className="text-muted">{node.entries ? `{${count(size)}}` : node.type === "array" ? `[${count(size)}]` : `${node.type} of ${count(size)}`}</span>
        </button>
      </ContextMenu>
      {shown && (
        <div className="ml-1.5 border-l border-line pl-2.5">
          {children.map(([key, child], index) => (
            <Node key={index} node={child} target={target} name={key} positions={[...positions, index]} path={node.entries ? `${path}.${key}` : `${path}[${key}]`} open={size <= 20 && positions.length < 2} />
          ))}
          {size > children.length && (
            <button type="button" disabled={busy} className="pl-4 font-sans text-accent underline" onClick={fetchMore}>{busy ? "Reading…" : `Show more of ${count(size)}`}</button>
          )}
        </div>
      )}
    </div>
  );
}

function Scalar({ node }: { node: TreeNode }) {
  if (node.type === "null") return <i className="text-muted">null</i>;
  if (node.type === "string") return <span className="text-[var(--code-string)]">{JSON.stringify(node.value)}{(node.size ?? 0) > String(node.value).length && <span className="text-muted"> … {count(node.size ?? 0)} characters</span>}</span>;
  if (node.type === "number" || node.type === "boolean") return <span className="text-[var(--code-number)]">{String(node.value)}</span>;
  return <span>{String(node.value)} <span className="text-muted">{node.type}</span></span>;
}
