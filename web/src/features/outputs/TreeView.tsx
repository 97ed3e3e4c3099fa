import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight, Search } from "lucide-react";
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent } from "react";
import { api } from "../../api/client";
import { count } from "../../app/format";
import { ErrorCard } from "../../ui/feedback";
import { Input } from "../../ui/fields";
import { ContextMenu, type MenuItem } from "../../ui/Menu";
import { outputQuery, productPath, type MimeValue, type OutputRef } from "./queries";
import { childrenOf, MOST_ROWS, sizeOf, TreeStore, type TreeNode, type TreeRow } from "./treeStore";

export const TREE = "application/vnd.penstock.tree+json";
export type { TreeNode };

interface Places {
  hits: { path: number[]; name: string; text: string }[];
  more: boolean;
}

const ROW = 20;

/** A stored value as a tree: only the rows in view exist, large parts come as they are reached, find looks into all of it. */
export function TreeView({ node, target }: { node: TreeNode; target: OutputRef }) {
  const key = JSON.stringify(target);
  const store = useMemo(
    () =>
      new TreeStore(node, (positions, offset) =>
        api.get<MimeValue>(`${productPath(target)}/value`, { query: { ...outputQuery(target), path: positions.join(","), offset } }).then((answer) => answer.mime[TREE] as TreeNode),
      ),
    // By what the target says: another object with the same words is the same tree.
    [key, node],
  );
  useSyncExternalStore(store.subscribe, store.snapshot);
  const rows = store.rows();
  const [active, setActive] = useState(0);
  const [typed, setTyped] = useState("");
  const text = useDeferredValue(typed.trim());
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 12 });
  const seen = virtual.getVirtualItems();
  const waiting = seen.filter((item) => rows[item.index]?.node === undefined).map((item) => item.index).join(",");
  useEffect(() => {
    if (!waiting) return;
    for (const index of waiting.split(",")) {
      const row = rows[Number(index)];
      if (row) void store.fetch(row.positions.slice(0, -1), row.positions.at(-1) ?? 0);
    }
  }, [store, rows, waiting]);
  const found = useQuery({
    queryKey: ["find", target, text],
    queryFn: ({ signal }) => api.get<Places>(`${productPath(target)}/find`, { query: { ...outputQuery(target), text }, signal }),
    enabled: text !== "",
  });
  const goTo = (index: number) => {
    const at = Math.max(0, Math.min(rows.length - 1, index));
    setActive(at);
    virtual.scrollToIndex(at);
  };
  const reveal = (path: number[]) =>
    void store.reveal(path).then((at) => {
      if (at < 0) return;
      setActive(at);
      virtual.scrollToIndex(at, { align: "center" });
      box.current?.focus();
    });
  const onKey = (event: KeyboardEvent) => {
    const row = rows[active];
    if (!row) return;
    const container = row.node !== undefined && childrenOf(row.node) !== null;
    if (event.key === "ArrowDown") goTo(active + 1);
    else if (event.key === "ArrowUp") goTo(active - 1);
    else if (event.key === "Home") goTo(0);
    else if (event.key === "End") goTo(rows.length - 1);
    else if (event.key === "ArrowRight" && container) row.open ? goTo(active + 1) : store.toggle(row.positions, true);
    else if (event.key === "ArrowLeft" && row.open) store.toggle(row.positions, false);
    else if (event.key === "ArrowLeft" && row.depth > 0) goTo(rows.findLastIndex((one, at) => at < active && one.depth === row.depth - 1));
    else if ((event.key === "Enter" || event.key === " ") && container) store.toggle(row.positions);
    else return;
    event.preventDefault();
  };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex flex-none items-center gap-2 border-b border-line px-2 py-1">
        <div className="relative">
          <Search size={13} aria-hidden="true" className="pointer-events-none absolute left-2 top-2 text-muted" />
          <Input value={typed} onChange={(event) => setTyped(event.target.value)} placeholder="Find in all of it" aria-label="Find in the value" className="!w-52 !pl-7" />
        </div>
        {text && <span role="status" className="text-meta text-muted">{found.isFetching ? "Looking…" : found.data ? `${count(found.data.hits.length)}${found.data.more ? " and more" : ""} ${found.data.hits.length === 1 ? "place" : "places"}` : ""}</span>}
      </div>
      {found.error && <ErrorCard className="m-2" error={found.error} />}
      {text && found.data && found.data.hits.length > 0 && (
        <ul aria-label="Found" className="max-h-[35%] flex-none overflow-y-auto border-b border-line bg-s1 py-1">
          {found.data.hits.map((hit) => (
            <li key={hit.path.join(",")}>
              <button type="button" className="flex w-full gap-3 px-3 py-0.5 text-left font-mono text-code hover:bg-s2" onClick={() => reveal(hit.path)}>
                <span className="max-w-[50%] flex-none truncate text-[var(--code-name)]" dir="rtl"><bdi dir="ltr">{hit.name}</bdi></span>
                <span className="min-w-0 truncate text-muted">{hit.text}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {store.error ? <ErrorCard className="m-2" error={store.error} /> : null}
      <div ref={box} role="tree" aria-label="Value" tabIndex={0} aria-activedescendant={`${id}-${active}`} className="min-h-0 flex-1 overflow-auto p-2 font-mono text-code" onKeyDown={onKey}>
        <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="presentation">
          {seen.map((item) => {
            const row = rows[item.index];
            return row ? <Row key={row.positions.join(",")} id={`${id}-${item.index}`} row={row} top={item.start} active={item.index === active} menu={menuOf(row, store)} onPress={() => { setActive(item.index); if (row.node && childrenOf(row.node)) store.toggle(row.positions); }} /> : null;
          })}
        </div>
      </div>
    </div>
  );
}

function menuOf(row: TreeRow, store: TreeStore): MenuItem[] {
  const { node, positions } = row;
  const copy = (text: string) => void navigator.clipboard.writeText(text);
  return [...(node && !childrenOf(node) ? [{ label: "Copy value", onSelect: () => copy(String(node.value)) }] : []), { label: "Copy path", onSelect: () => copy(store.pathOf(positions)) }];
}

function Row({ id, row, top, active, menu, onPress }: { id: string; row: TreeRow; top: number; active: boolean; menu: MenuItem[]; onPress: () => void }) {
  const { node, name, depth, open } = row;
  const children = node ? childrenOf(node) : null;
  const size = node ? sizeOf(node) : 0;
  return (
    <ContextMenu items={menu}>
      <div id={id} role="treeitem" aria-level={depth + 1} aria-expanded={children ? open : undefined} aria-selected={active} className={`absolute flex min-w-full cursor-default items-center gap-0.5 whitespace-pre hover:bg-s1 ${active ? "bg-accent-soft" : ""}`} style={{ top, height: ROW, paddingLeft: depth * 14 }} onClick={onPress}>
        <span aria-hidden="true" className="w-3.5 flex-none">{children && (open ? <ChevronDown size={12} /> : <ChevronRight size={12} />)}</span>
        {name !== "" && <span className="text-[var(--code-name)]">{name}: </span>}
        {node === undefined ? <span className="text-muted">…</span> : children ? <span className="text-muted">{node.entries ? `{${count(size)}}` : node.type === "array" ? `[${count(size)}]` : `${node.type} of ${count(size)}`}{open && size > MOST_ROWS ? ` the first ${count(MOST_ROWS)} have rows; find leads to the others` : ""}</span> : <Scalar node={node} />}
      </div>
    </ContextMenu>
  );
}

const LINE = 300;

function Scalar({ node }: { node: TreeNode }) {
  if (node.type === "null") return <i className="text-muted">null</i>;
  if (node.type === "string") {
    const text = String(node.value);
    const whole = node.size ?? text.length;
    return <span className="text-[var(--code-string)]" title={whole > LINE ? text : undefined}>{JSON.stringify(text.slice(0, LINE))}{whole > LINE && <span className="text-muted"> … {count(whole)} characters</span>}</span>;
  }
  if (node.type === "number" || node.type === "boolean") return <span className="text-[var(--code-number)]">{String(node.value)}</span>;
  return <span>{String(node.value)} <span className="text-muted">{node.type}</span></span>;
}
