import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { api } from "../../api/client";
import { count } from "../../app/format";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Badge } from "../../ui/status";
import { productPath, type OutputRef } from "./queries";

interface Pair {
  before: number | null;
  after: number | null;
}

interface Difference {
  before: string;
  after: string;
  kinds: string[];
  rows: Pair;
  schema: { added: { name: string; type: string }[]; removed: { name: string; type: string }[]; retyped: { name: string; before: string; after: string }[]; reordered: boolean };
  distributions: {
    column: string;
    type: string;
    nulls: Pair;
    unchanged: boolean;
    histogram: { edges: unknown[]; before: number[]; after: number[] } | null;
    values: { labels: unknown[]; before: number[]; after: number[] } | null;
  }[];
  keyed: { keys: string[]; added: number; removed: number; changed: number; changed_columns: Record<string, number>; sample: { change: string; before: Record<string, string | null> | null; after: Record<string, string | null> | null }[] } | null;
  content_differs: boolean;
  key_candidates: string[];
  notes: string[];
}

/** Two versions of an output: columns, rows, how the values of each column are spread, and rows by key. */
export function DiffView({ target, before, after }: { target: OutputRef; before: string; after: string }) {
  // Until something is chosen here, the server takes the column that identifies rows best.
  const [keys, setKeys] = useState<string[] | null>(null);
  const [more, setMore] = useState(false);
  const query = { output: target.output || undefined, partition: target.partition };
  const asked = useQuery({
    queryKey: ["diff", target.pipeline, target.block, target.output, before, after, keys],
    queryFn: ({ signal }) => api.post<Difference>(`${productPath(target)}/diff`, { query, body: keys === null ? { before, after } : { before, after, keys }, signal }),
    placeholderData: (held) => held,
  });
  // A key that does not identify rows is refused: what is known without it stays on the page.
  const held = useRef<Difference>(undefined);
  if (asked.data) held.current = asked.data;
  const data = asked.data ?? held.current;
  if (asked.error && !data) return <ErrorCard className="m-4" error={asked.error} />;
  if (!data) return <div className="p-4"><Spinner label="Comparing" /></div>;
  const keyError = asked.error;
  const { schema, distributions, rows } = data;
  const keyed = keyError ? null : data.keyed;
  const chosen = keys ?? data.keyed?.keys ?? [];
  const common = [...new Set([...data.key_candidates, ...distributions.map((one) => one.column)])];
  const offered = more ? common : [...new Set([...chosen, ...common.slice(0, 12)])];
  const changes = schema.added.length + schema.removed.length + schema.retyped.length;
  const differing = distributions.filter((one) => !one.unchanged);
  if (!data.content_differs && changes === 0 && rows.before === rows.after) return <EmptyState title="The two versions are the same">Every value is equal, in the same order.</EmptyState>;
  return (
    <div className="flex flex-col gap-5 p-4" aria-busy={asked.isFetching}>
      <section className="flex flex-wrap items-baseline gap-x-6 gap-y-1">
        <p><span className="text-muted">Rows </span><b className="tabular">{rows.before === null ? "?" : count(rows.before)}</b> → <b className="tabular">{rows.after === null ? "?" : count(rows.after)}</b> {delta(rows)}</p>
        <p className="text-muted">{changes === 0 ? "The same columns" : `${changes} ${changes === 1 ? "column differs" : "columns differ"}`}{schema.reordered ? ", in another order" : ""}</p>
        {data.notes.map((note) => <p key={note} className="text-muted">{note}</p>)}
      </section>
      {changes > 0 && (
        <section>
          <h2 className="mb-1 font-semibold">Columns</h2>
          <ul className="flex flex-wrap gap-2">
            {schema.added.map((one) => <li key={`+${one.name}`}><Badge tone="ok">added</Badge> {one.name} <span className="text-muted">{one.type}</span></li>)}
            {schema.removed.map((one) => <li key={`-${one.name}`}><Badge tone="failed">removed</Badge> {one.name} <span className="text-muted">{one.type}</span></li>)}
            {schema.retyped.map((one) => <li key={`~${one.name}`}><Badge tone="stale">type</Badge> {one.name} <span className="text-muted">{one.before} → {one.after}</span></li>)}
          </ul>
        </section>
      )}
      <section>
        <h2 className="mb-1 font-semibold">Rows by key</h2>
        <div className="flex flex-wrap items-center gap-2">
          <span className="text-muted">A row is the same when these are equal:</span>
          {offered.map((name) => {
            const on = chosen.includes(name);
            return (
              <button key={name} type="button" aria-pressed={on} title={data.key_candidates.includes(name) ? "Tells apart every row, as far as is known" : undefined} onClick={() => setKeys(on ? chosen.filter((key) => key !== name) : [...chosen, name])} className={`rounded-control border px-1.5 text-[12px] ${on ? "border-accent bg-accent-soft font-semibold" : "border-line hover:bg-s2"}`}>
                {name}{data.key_candidates.includes(name) ? " ★" : ""}
              </button>
            );
          })}
          {offered.length < common.length && <Button look="quiet" onClick={() => setMore(true)}>{count(common.length - offered.length)} more</Button>}
        </div>
        {keyError ? <ErrorCard className="mt-2" error={keyError} /> : null}
        {!keyed && chosen.length === 0 && <p className="mt-1 text-[12px] text-muted">{data.key_candidates.length > 0 ? "★ tells apart every row, as far as is known." : "No single column tells apart every row: choose those that do together."}</p>}
        {keyed && <Keyed keyed={keyed} />}
      </section>
      {distributions.length > 0 && (
        <section>
          <h2 className="mb-1 font-semibold">Values <span className="font-normal text-muted"><Swatch colour="var(--waiting)" /> before <Swatch colour="var(--accent)" /> after</span></h2>
          {differing.length === 0 && <p className="text-muted">No common column has changed.</p>}
          <div className="grid grid-cols-[repeat(auto-fill,minmax(200px,1fr))] gap-3">
            {differing.map((one) => (
              <figure key={one.column} className="rounded-card border border-line p-2">
                <figcaption className="flex justify-between gap-2 text-[12px]"><b className="truncate">{one.column}</b><span className="text-muted">{one.type}</span></figcaption>
                {one.histogram ? <Overlay labels={one.histogram.edges} before={one.histogram.before} after={one.histogram.after} /> : one.values ? <Overlay labels={one.values.labels} before={one.values.before} after={one.values.after} /> : <p className="h-12 text-[12px] text-muted">values of this type are not counted</p>}
                <p className="tabular text-meta text-muted">{one.nulls.before === one.nulls.after ? `${count(one.nulls.after ?? 0)} null` : `null: ${count(one.nulls.before ?? 0)} → ${count(one.nulls.after ?? 0)}`}</p>
              </figure>
            ))}
          </div>
          {distributions.length > differing.length && <p className="mt-1 text-[12px] text-muted">{distributions.length - differing.length} columns hold the same values.</p>}
        </section>
      )}
    </div>
  );
}

function delta({ before, after }: Pair) {
  if (before === null || after === null || before === after) return null;
  const by = after - before;
  return <span className={by > 0 ? "text-ok" : "text-failed"}>({by > 0 ? "+" : "−"}{count(Math.abs(by))})</span>;
}

const Swatch = ({ colour }: { colour: string }) => <span aria-hidden="true" className="inline-block h-2 w-2 rounded-[2px]" style={{ background: colour }} />;

function Overlay({ labels, before, after }: { labels: unknown[]; before: number[]; after: number[] }) {
  const [width, height] = [180, 48];
  const most = Math.max(1, ...before, ...after);
  const step = width / Math.max(1, before.length);
  return (
    <svg viewBox={`0 0 ${width} ${height}`} className="w-full" role="img" aria-label="Distribution before and after">
      {before.map((value, index) => {
        const now = after[index] ?? 0;
        return (
          <g key={index}>
            <title>{`${String(labels[index])}: ${count(value)} → ${count(now)}`}</title>
            <rect x={index * step} y={height - (value / most) * height} width={Math.max(1, step - 1)} height={(value / most) * height} fill="var(--waiting)" opacity={0.45} />
            <rect x={index * step} y={height - (now / most) * height} width={Math.max(1, step - 1)} height={(now / most) * height} fill="var(--accent)" opacity={0.55} />
          </g>
        );
      })}
    </svg>
  );
}

function Keyed({ keyed }: { keyed: NonNullable<Difference["keyed"]> }) {
  const columns = [...new Set(keyed.sample.flatMap((row) => Object.keys(row.after ?? row.before ?? {})))];
  return (
    <div className="mt-2">
      <p className="tabular"><Badge tone="ok">{count(keyed.added)} added</Badge> <Badge tone="failed">{count(keyed.removed)} removed</Badge> <Badge tone="stale">{count(keyed.changed)} changed</Badge></p>
      {keyed.added + keyed.removed + keyed.changed === 0 && <p className="mt-1 text-[12px] text-muted">The same rows with the same values in the common columns; their order or the columns differ.</p>}
      {Object.keys(keyed.changed_columns).length > 0 && <p className="mt-1 text-[12px] text-muted">Changed: {Object.entries(keyed.changed_columns).map(([name, rows]) => `${name} in ${count(rows)}`).join(", ")}</p>}
      {keyed.sample.length > 0 && (
        <div className="mt-2 overflow-x-auto">
          <table className="tabular border-collapse text-[12px]">
            <thead><tr><th scope="col" className="px-2 text-left">Row</th>{columns.map((name) => <th key={name} scope="col" className="whitespace-nowrap px-2 text-left font-semibold">{name}</th>)}</tr></thead>
            <tbody>
              {keyed.sample.map((row, index) => (
                <tr key={index} className="border-t border-s2">
                  <td className="px-2"><Badge tone={row.change === "added" ? "ok" : row.change === "removed" ? "failed" : "stale"}>{row.change}</Badge></td>
                  {columns.map((name) => {
                    const [was, is] = [row.before?.[name], row.after?.[name]];
                    const changed = row.before !== null && row.after !== null && was !== is;
                    return (
                      <td key={name} className={`max-w-56 truncate whitespace-nowrap px-2 ${changed ? "bg-stale-soft" : ""}`} title={changed ? `${was ?? "null"} → ${is ?? "null"}` : undefined}>
                        {changed ? <><s className="text-muted">{was ?? "null"}</s> {is ?? "null"}</> : ((row.after ?? row.before)?.[name] ?? <i className="text-muted">null</i>)}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
