import { ChartColumn, Download, MoreHorizontal, SlidersHorizontal, Table2 } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import type { ECharts } from "echarts/core";
import type { BlockStatus, ChartDetail } from "../../api/types";
import { useCommands } from "../../app/commands";
import { IconButton } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Input } from "../../ui/fields";
import { Menu } from "../../ui/Menu";
import { columnsOf } from "../outputs/preview";
import { useColumns } from "../outputs/queries";
import { AddChart } from "./AddChart";
import { ByCode } from "./ByCode";
import { ChartForm } from "./ChartForm";
import { ChartView } from "./ChartView";
import { hasCode, suggest, type ChartConfig } from "./model";
import { missing } from "./missing";
import { useChartChanges, useChartData } from "./queries";
import { useKept } from "./useKept";

export interface ChartPanelProps {
  pipeline: string;
  block: string;
  status: BlockStatus | undefined;
  /** All charts of the pipeline; those of this block are shown. */
  charts: readonly ChartDetail[];
}

/** The charts of a block's output: made with one press, shaped with a form, kept in the pipeline's files. */
export function ChartPanel({ pipeline, block, status, charts }: ChartPanelProps) {
  const own = charts.filter((chart) => chart.upstream.includes(block));
  const { create } = useChartChanges(pipeline);
  const output = status?.outputs.find((one) => one.columns.length > 0);
  // A wide table is told with its first columns; a chart may be of any.
  const wide = output !== undefined && columnsOf(output) > output.columns.length;
  const all = useColumns({ pipeline, block, output: output?.name ?? "", version: status?.version ?? "" }, wide);
  const columns = useMemo(() => {
    const told = output?.columns ?? [];
    if (!wide || !all) return told;
    return all.filter((one) => one.role === "data").map(({ name, type }, at) => told[at] ?? { name, type, distinct: null });
  }, [wide, all, output]);
  const add = () => create.mutate({ block, configuration: suggest(columns) });
  const ready = output !== undefined;
  useCommands([{ id: "add-chart", title: "Add a chart of this block", group: "Charts", enabled: ready, run: add }]);
  if (own.length === 0) {
    return (
      <EmptyState
        icon={<ChartColumn size={32} aria-hidden="true" />}
        title={ready ? "No chart yet" : "Nothing to chart yet"}
        action={ready && <AddChart pipeline={pipeline} block={block} columns={columns} primary />}
      >
        {ready ? `A chart of ${block} is drawn over all of its rows, and kept with the pipeline.` : status?.version ? "This output is no table." : `Run ${block} first: a chart is made from the rows that it puts out.`}
      </EmptyState>
    );
  }
  return (
    <div className="flex h-full flex-col gap-3 overflow-y-auto p-3">
      {own.map((chart) => <ChartCard key={chart.uuid} pipeline={pipeline} block={block} status={status} chart={chart} columns={columns} />)}
      {ready && <AddChart pipeline={pipeline} block={block} columns={columns} />}
    </div>
  );
}

interface CardProps {
  pipeline: string;
  block: string;
  status: BlockStatus | undefined;
  chart: ChartDetail;
  columns: readonly { name: string; type: string; distinct: number | null }[];
}

function ChartCard({ pipeline, block, status, chart, columns }: CardProps) {
  const { change, remove, create } = useChartChanges(pipeline);
  const [config, setConfig] = useState<ChartConfig>(chart.configuration as ChartConfig);
  const [editing, setEditing] = useState(false);
  const [table, setTable] = useState(false);
  const [name, setName] = useState<string | null>(null);
  const drawn = useRef<ECharts | null>(null);
  const byCode = hasCode(chart.content);
  const saved = useMemo(() => JSON.stringify(chart.configuration), [chart.configuration]);
  const text = JSON.stringify(config);
  useKept(text, saved, editing, (now) => change.mutate({ chart: chart.uuid, configuration: JSON.parse(now) as ChartConfig }));
  // What was chosen here is the newest until it is saved; what somebody else saves shows while the form is closed.
  const shown = useRef(saved);
  useEffect(() => {
    if (editing || shown.current === saved) return;
    shown.current = saved;
    setConfig(JSON.parse(saved) as ChartConfig);
  }, [saved, editing]);
  const exportPicture = () => {
    const url = drawn.current?.getDataURL({ pixelRatio: 2, backgroundColor: getComputedStyle(document.body).backgroundColor });
    if (!url) return;
    const link = document.createElement("a");
    link.href = url;
    link.download = `${chart.name}.png`;
    link.click();
  };
  return (
    <section aria-label={chart.name} className="flex-none rounded-card border border-line">
      <header className="flex h-8 items-center gap-1 border-b border-line px-2">
        {name === null ? (
          <button type="button" className="min-w-0 truncate font-semibold" title="Rename" onClick={() => setName(chart.name)}>{chart.name}</button>
        ) : (
          <form onSubmit={(event) => { event.preventDefault(); if (name.trim() && name !== chart.name) change.mutate({ chart: chart.uuid, name: name.trim() }); setName(null); }}>
            <Input autoFocus aria-label="Name of the chart" value={name} onChange={(event) => setName(event.target.value)} onBlur={() => setName(null)} onKeyDown={(event) => event.key === "Escape" && setName(null)} />
          </form>
        )}
        <span role="status" className="ml-2 text-meta text-muted">{change.isPending ? "saving…" : ""}</span>
        <span className="ml-auto flex">
          {!byCode && <IconButton label={table ? "Show the chart" : "Show its points as a table"} aria-pressed={table} onClick={() => setTable(!table)}><Table2 size={14} aria-hidden="true" /></IconButton>}
          {!byCode && <IconButton label={editing ? "Close the form" : "Change the chart"} aria-pressed={editing} className={editing ? "!text-accent" : undefined} onClick={() => setEditing(!editing)}><SlidersHorizontal size={14} aria-hidden="true" /></IconButton>}
          <Menu align="end" items={[
            ...(byCode ? [] : [{ label: "Save as picture", icon: <Download size={13} aria-hidden="true" />, onSelect: exportPicture }]),
            { label: "Rename", onSelect: () => setName(chart.name) },
            { label: "Duplicate", onSelect: () => create.mutate({ block, configuration: config, ...(chart.content ? { content: chart.content } : {}) }) },
            { separator: true },
            { label: "Delete", danger: true, onSelect: () => remove.mutate(chart.uuid) },
          ]}>
            <IconButton label={`Actions for ${chart.name}`}><MoreHorizontal size={14} aria-hidden="true" /></IconButton>
          </Menu>
        </span>
      </header>
      {editing && <div className="border-b border-line"><ChartForm config={config} columns={columns} onChange={setConfig} /></div>}
      {byCode ? <ByCode pipeline={pipeline} chart={chart} /> : <ByForm pipeline={pipeline} block={block} version={status?.version ?? null} config={config} columns={columns} table={table} onReady={(made) => (drawn.current = made)} />}
    </section>
  );
}

function ByForm({ pipeline, block, version, config, columns, table, onReady }: { pipeline: string; block: string; version: string | null; config: ChartConfig; columns: CardProps["columns"]; table: boolean; onReady: (chart: ECharts) => void }) {
  const lacking = missing(config, columns);
  const { data, error, isPending } = useChartData(pipeline, block, lacking ? null : version, config);
  const height = typeof config.height === "number" && config.height > 60 ? Math.min(config.height, 1200) : 300;
  if (version === null) return <p className="p-4 text-muted">Run {block}: the chart is drawn from what it puts out.</p>;
  if (lacking) return <p className="flex items-center justify-center p-4 text-center text-muted" style={{ minHeight: height / 2 }} role="status">{lacking}</p>;
  if (error) return <ErrorCard className="m-3" error={error} />;
  if (isPending) return <div className="p-4" style={{ height }}><Spinner label="Computing the chart" /></div>;
  return (
    <>
      <div style={{ height }}><ChartView data={data} config={config} table={table} onReady={onReady} /></div>
      {data.note && <p className="border-t border-line px-3 py-1 text-[12px] text-muted">{data.note}</p>}
    </>
  );
}
