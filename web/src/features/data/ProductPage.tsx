import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { ChevronLeft, Pencil } from "lucide-react";
import { useMemo } from "react";
import type { OutputSummary } from "../../api/types";
import { ago, bytes, count, dateTime } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Select } from "../../ui/fields";
import { Badge } from "../../ui/status";
import { TabBar } from "../../ui/Tabs";
import { Distribution } from "../outputs/grid/Distribution";
import { ALL_ROWS } from "../outputs/grid/types";
import { DiffView } from "../outputs/DiffView";
import { OneOutput, versionLabel } from "../outputs/OutputPanel";
import { describe } from "../outputs/preview";
import { useProfiles, type OutputRef } from "../outputs/queries";
import { UNPARTITIONED, useProduct, type Address, type ProductDetail } from "./queries";

const route = getRouteApi("/data/$pipeline/$block");
const TABS = [
  { value: "rows", label: "Preview" },
  { value: "schema", label: "Columns" },
  { value: "versions", label: "Versions" },
  { value: "lineage", label: "Where it comes from" },
];

/** One data product: what it holds, what its columns look like, how it changed, and what it was made from. */
export function ProductPage() {
  const { pipeline, block } = route.useParams();
  const search = route.useSearch();
  const navigate = useNavigate();
  const partition = search.partition ?? UNPARTITIONED;
  const { data, error, isPending } = useProduct(pipeline, block, partition, search.version);
  const set = (changes: Partial<typeof search>) => void navigate({ to: "/data/$pipeline/$block", params: { pipeline, block }, search: { ...search, ...changes }, replace: true });
  if (isPending) return <div className="p-6"><Spinner label="Reading the data product" /></div>;
  if (error) return <ErrorCard className="m-6" error={error} />;
  const { latest, versions } = data;
  const output = latest.outputs.find((one) => one.name === search.output) ?? latest.outputs[0];
  const tab = TABS.find((one) => one.value === search.tab)?.value ?? "rows";
  const target: OutputRef = { pipeline, block, output: output?.name ?? "", version: latest.version, partition: partition === UNPARTITIONED ? undefined : partition };
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-x-3 gap-y-1 px-4 pt-2">
        <Link to="/data" aria-label="All data" className="text-muted hover:text-fg"><ChevronLeft size={16} aria-hidden="true" /></Link>
        <h1 className="text-title font-semibold">{block}</h1>
        <Link to="/pipelines/$pipeline" params={{ pipeline }} search={{ block }} className="inline-flex items-center gap-1 text-accent hover:underline"><Pencil size={12} aria-hidden="true" />{pipeline}</Link>
        {output && <span className="tabular text-muted">{describe(output)}, {bytes(latest.bytes)}</span>}
        {!latest.good && <Badge tone="failed">tests failed</Badge>}
        <span className="ml-auto flex items-center gap-2">
          {data.partitions.length > 1 && (
            <Select aria-label="Partition" value={partition} onChange={(event) => set({ partition: event.target.value, version: undefined })}>
              {data.partitions.map((one) => <option key={one} value={one}>{one === UNPARTITIONED ? "no partition" : one}</option>)}
            </Select>
          )}
          {latest.outputs.length > 1 && (
            <Select aria-label="Output" value={output?.name} onChange={(event) => set({ output: event.target.value })}>
              {latest.outputs.map((one) => <option key={one.name}>{one.name}</option>)}
            </Select>
          )}
          <Select aria-label="Version" value={latest.version} onChange={(event) => set({ version: event.target.value === versions[0]?.version ? undefined : event.target.value })}>
            {versions.map((one, index) => <option key={one.version} value={one.version}>{versionLabel(one, index === 0)}</option>)}
          </Select>
        </span>
      </header>
      <div className="flex-none border-b border-line px-3"><TabBar label="Of the data product" tabs={TABS} value={tab} onChange={(value) => set({ tab: value })} /></div>
      <div className="min-h-0 flex-1 overflow-hidden" role="tabpanel">
        {!output ? (
          <EmptyState title="This version holds nothing">The block returned nothing.</EmptyState>
        ) : tab === "schema" ? (
          <Columns target={target} output={output} />
        ) : tab === "versions" ? (
          <Versions detail={data} target={target} before={search.before} onBefore={(before) => set({ before })} />
        ) : tab === "lineage" ? (
          <Lineage detail={data} />
        ) : (
          <OneOutput key={JSON.stringify(target)} target={target} summary={output} />
        )}
      </div>
    </div>
  );
}

function Columns({ target, output }: { target: OutputRef; output: OutputSummary }) {
  const positions = useMemo(() => output.columns.map((_, index) => index), [output]);
  const found = useProfiles(target, ALL_ROWS, positions);
  // Positions count an index of the frame as well, which the summary leaves out: names tell which is which.
  const profiles = useMemo(() => new Map([...found.values()].map((profile) => [profile.name, profile])), [found]);
  if (output.columns.length === 0) return <EmptyState title="No columns">This output is no table: it is {output.kind}.</EmptyState>;
  return (
    <div className="h-full overflow-auto">
      <table className="w-full border-collapse text-ui">
        <thead className="sticky top-0 bg-s0 text-left text-meta text-muted">
          <tr>{["Column", "Type", "Values", "Null", "Distinct", "Least", "Greatest", "Mean"].map((name) => <th key={name} scope="col" className="border-b border-line px-3 py-1.5 font-semibold">{name}</th>)}</tr>
        </thead>
        <tbody className="tabular">
          {output.columns.map((column) => {
            const profile = profiles.get(column.name);
            const share = profile?.null_share ?? (column.nulls !== null && output.rows ? column.nulls / output.rows : null);
            return (
              <tr key={column.name} className="hover:bg-s1">
                <th scope="row" className="max-w-64 truncate border-b border-s2 px-3 py-1.5 text-left font-medium">{column.name}</th>
                <td className="border-b border-s2 px-3 text-muted">{column.type}</td>
                <td className="border-b border-s2 px-3"><Distribution profile={profile} width={140} height={20} /></td>
                <td className="border-b border-s2 px-3">{share === null ? "" : share === 0 ? <span className="text-muted">none</span> : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`}</td>
                <td className="border-b border-s2 px-3">{distinctText(profile?.distinct ?? column.distinct, profile?.distinct_exact ?? column.exact)}</td>
                <td className="max-w-48 truncate border-b border-s2 px-3">{text(profile?.minimum ?? column.minimum)}</td>
                <td className="max-w-48 truncate border-b border-s2 px-3">{text(profile?.maximum ?? column.maximum)}</td>
                <td className="border-b border-s2 px-3">{typeof profile?.mean === "number" ? Number(profile.mean.toPrecision(6)) : text(profile?.mean)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function distinctText(value: number | null | undefined, exact: boolean): string {
  if (value === null || value === undefined) return "";
  return `${exact ? "" : "≈ "}${count(value)}`;
}

function text(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Versions({ detail, target, before, onBefore }: { detail: ProductDetail; target: OutputRef; before?: string; onBefore: (version: string) => void }) {
  const zone = usePreferences((held) => held.zone);
  const { versions, latest } = detail;
  const older = versions.filter((one) => one.number < latest.number);
  const compared = before ?? older[0]?.version;
  return (
    <div className="flex h-full min-h-0">
      <ul className="w-80 flex-none overflow-y-auto border-r border-line" aria-label="Versions">
        {versions.map((one) => (
          <li key={one.version} className={`border-b border-s2 px-4 py-2 ${one.version === latest.version ? "bg-accent-soft" : ""}`}>
            <div className="flex items-baseline gap-2"><b>v{one.number}</b><span className="tabular">{one.rows === null ? bytes(one.bytes) : `${count(one.rows)} rows`}</span>{!one.good && <Badge tone="failed">tests failed</Badge>}<span className="ml-auto text-meta text-muted" title={dateTime(one.at, zone)}>{ago(one.at)}</span></div>
            <div className="flex gap-3 text-meta">
              <Link to="/runs/$run" params={{ run: one.run }} className="truncate text-accent hover:underline">run</Link>
              {one.version !== latest.version && <button type="button" className={one.version === compared ? "font-semibold" : "text-accent hover:underline"} onClick={() => onBefore(one.version)}>{one.version === compared ? `compared with v${latest.number}` : `compare with v${latest.number}`}</button>}
              {one.version === latest.version && <span className="text-muted">shown</span>}
            </div>
            {one.error && <p className="text-[12px] text-failed">{one.error}</p>}
          </li>
        ))}
      </ul>
      <div className="min-w-0 flex-1 overflow-auto">
        {compared ? <DiffView target={target} before={compared} after={latest.version} /> : <EmptyState title="Nothing to compare with">There is no other version yet. Run the block again, and what changed is shown here.</EmptyState>}
      </div>
    </div>
  );
}

function Lineage({ detail }: { detail: ProductDetail }) {
  const { lineage, upstream, downstream, latest } = detail;
  const environment = Object.entries(lineage.environment);
  const variables = Object.entries(lineage.variables);
  return (
    <div className="h-full overflow-y-auto p-4">
      <div className="flex flex-wrap items-center gap-3">
        <Products title="Made from" products={upstream} versions={lineage.inputs} empty="no other output" />
        <span aria-hidden="true" className="text-[20px] text-muted">→</span>
        <div className="rounded-card border-2 border-accent px-3 py-2 font-semibold">{detail.address.block} <span className="font-normal text-muted">v{latest.number}</span></div>
        <span aria-hidden="true" className="text-[20px] text-muted">→</span>
        <Products title="Read by" products={downstream} versions={[]} empty="no other block" />
      </div>
      <div className="mt-6 grid max-w-5xl grid-cols-1 gap-6 md:grid-cols-2">
        <section>
          <h2 className="mb-1 font-semibold">Code</h2>
          <ul className="divide-y divide-line rounded-card border border-line">
            {lineage.code.map((file) => (
              <li key={file.path} className="flex items-center gap-2 px-3 py-1.5"><Link to="/files" search={{ path: file.path }} className="min-w-0 flex-1 truncate text-accent hover:underline">{file.path}</Link><code className="font-mono text-meta text-muted" title={`SHA-256 ${file.sha}`}>{file.sha.slice(0, 10)}</code></li>
            ))}
          </ul>
          <p className="mt-2 text-muted">By <Link to="/runs/$run" params={{ run: latest.run }} className="text-accent hover:underline">this run</Link>, {dateTime(latest.at)}.</p>
        </section>
        <section>
          <h2 className="mb-1 font-semibold">Variables</h2>
          {variables.length === 0 ? <p className="text-muted">None.</p> : <Pairs pairs={variables.map(([name, value]) => [name, text(value)])} />}
          <h2 className="mb-1 mt-4 font-semibold">Packages</h2>
          {environment.length === 0 ? <p className="text-muted">None beside Python itself.</p> : <Pairs pairs={environment} />}
        </section>
      </div>
    </div>
  );
}

function Pairs({ pairs }: { pairs: [string, string][] }) {
  return (
    <dl className="grid grid-cols-[minmax(120px,auto)_1fr] gap-x-4 gap-y-0.5 rounded-card border border-line px-3 py-2">
      {pairs.map(([name, value]) => [<dt key={name} className="text-muted">{name}</dt>, <dd key={`${name}v`} className="min-w-0 break-words font-mono text-code">{value}</dd>])}
    </dl>
  );
}

function Products({ title, products, versions, empty }: { title: string; products: Address[]; versions: (Address & { version: string })[]; empty: string }) {
  return (
    <div className="rounded-card border border-line px-3 py-2">
      <div className="text-meta text-muted">{title}</div>
      {products.length === 0 && <span className="text-muted">{empty}</span>}
      {products.map((one) => {
        const version = versions.find((other) => other.pipeline === one.pipeline && other.block === one.block)?.version;
        return <Link key={`${one.pipeline}/${one.block}/${one.partition}`} to="/data/$pipeline/$block" params={{ pipeline: one.pipeline, block: one.block }} search={version ? { version } : {}} className="block text-accent hover:underline">{one.block}</Link>;
      })}
    </div>
  );
}
