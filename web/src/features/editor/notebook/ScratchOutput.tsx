import { useQuery } from "@tanstack/react-query";
import { RotateCcw, Square, Variable } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import type { BlockDetail } from "../../../api/types";
import { seconds } from "../../../app/format";
import { Button } from "../../../ui/Button";
import { ErrorCard, Spinner } from "../../../ui/feedback";
import { StatusBadge } from "../../../ui/status";
import { FailureCard } from "../../outputs/FailureCard";
import { scratchVariablesQuery } from "../queries";
import { useScratchpad, useSession } from "../session/context";
import { interrupt, restartScratch } from "../session/running";
import { useNavigation } from "../session/selection";
import { ScratchTable, TABLE, type Table } from "./ScratchTable";
import type { Execution, Shown } from "../status/scratchpads";

const MimeView = lazy(() => import("../../outputs/MimeView").then((module) => ({ default: module.MimeView })));
const LINES = 200;

/** What the cells of a scratchpad have put out, and what its namespace holds. */
export function ScratchOutput({ block }: { block: BlockDetail }) {
  const session = useSession();
  const { openFile } = useNavigation();
  const pad = useScratchpad(block.uuid);
  const [variables, setVariables] = useState(false);
  const running = pad.executions.some((one) => one.state === "running");
  if (pad.executions.length === 0 && !pad.ended) {
    return <p className="px-3 py-1.5 text-meta text-muted">Runs on its own, piece by piece: a line “# %% name” begins a cell, Ctrl+Enter runs the one at the cursor. What it defines stays until it is restarted.</p>;
  }
  return (
    <div className="flex flex-col gap-2 px-3 py-2">
      {pad.executions.map((execution) => (
        <Cell key={execution.cell} execution={execution} onOpen={openFile} />
      ))}
      {pad.ended && <p role="status" className="text-ui text-stale">Its process has ended, and what it held is gone: {pad.ended}</p>}
      <div className="flex flex-wrap gap-1.5">
        {running && <Button icon={<Square size={11} aria-hidden="true" />} onClick={() => void interrupt(session, block.uuid)}>Interrupt</Button>}
        <Button icon={<Variable size={13} aria-hidden="true" />} aria-expanded={variables} onClick={() => setVariables(!variables)}>Variables</Button>
        <Button icon={<RotateCcw size={13} aria-hidden="true" />} onClick={() => void restartScratch(session, block.uuid)}>Restart</Button>
      </div>
      {variables && <Variables block={block.uuid} execution={`${pad.executions.at(-1)?.execution ?? ""}:${running}`} />}
    </div>
  );
}

function Cell({ execution, onOpen }: { execution: Execution; onOpen: (file: string, line: number) => void }) {
  return (
    <div className="min-w-0 border-l-2 border-line pl-2">
      <div className="flex items-center gap-2 text-meta text-muted">
        {execution.cell && <b className="font-semibold">{execution.cell}</b>}
        <StatusBadge state={execution.state === "done" ? "completed" : execution.state} plain />
        {execution.seconds !== null && <span className="tabular">{seconds(execution.seconds)}</span>}
      </div>
      {execution.shown.map((shown, index) => (
        <One key={index} shown={shown} />
      ))}
      {execution.failure && <FailureCard failure={execution.failure} onOpen={onOpen} />}
    </div>
  );
}

function One({ shown }: { shown: Shown }) {
  if ("lines" in shown) {
    return (
      <pre className="max-h-80 overflow-auto whitespace-pre-wrap break-words py-0.5 font-mono text-code">
        {shown.lines.slice(-LINES).map((line) => (
          <div key={line.key} className={line.stream === "stderr" ? "text-stale" : undefined}>{line.text}</div>
        ))}
      </pre>
    );
  }
  if (shown.mime[TABLE]) return <ScratchTable table={shown.mime[TABLE] as Table} />;
  return (
    <div className="max-h-96 overflow-auto">
      <Suspense fallback={<Spinner />}>
        <MimeView mime={shown.mime} />
      </Suspense>
    </div>
  );
}

function Variables({ block, execution }: { block: string; execution: string }) {
  const session = useSession();
  const { data, error, isPending } = useQuery(scratchVariablesQuery(session.pipeline, block, execution));
  if (isPending) return <Spinner label="Asking the scratchpad" />;
  if (error) return <ErrorCard error={error} />;
  if (data.length === 0) return <p className="text-muted">It holds nothing yet.</p>;
  return (
    <table className="w-full text-left text-code">
      <thead className="text-meta text-muted">
        <tr><th className="pr-3 font-medium">Name</th><th className="pr-3 font-medium">Type</th><th className="font-medium">Value</th></tr>
      </thead>
      <tbody className="font-mono">
        {data.map((one) => (
          <tr key={one.name} className="border-t border-line align-top">
            <td className="pr-3">{one.name}</td>
            <td className="pr-3 text-muted">{one.type}</td>
            <td className="break-all">{one.summary}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
