import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { RefreshCw } from "lucide-react";
import { useTopic } from "../../api/useTopic";
import { ago, bytes, dateTime, seconds } from "../../app/format";
import { Button, IconButton } from "../../ui/Button";
import { ErrorCard } from "../../ui/feedback";
import { Heading } from "./Line";
import { interruptProcess, PROCESSES, processesQuery, type Process } from "./queries";
import { toast, toastError } from "../../ui/toasts";

const LIVE = new Set(["run_started", "run_ended"]);

/** The processes that run code of the project for the studio now, and the way to end each. */
export function Processes() {
  const client = useQueryClient();
  const { data, error, isFetching } = useQuery(processesQuery);
  const again = () => void client.invalidateQueries({ queryKey: PROCESSES });
  useTopic("project", (events) => events.some((event) => LIVE.has(String(event.type))) && again(), again);
  const end = (process: Process) =>
    void interruptProcess(process)
      .then(() => {
        toast(process.kind === "scratchpad" ? `Ended the session of ${process.block}.` : `Interrupted ${process.block}.`, { seconds: 3 });
        again();
      })
      .catch(toastError);
  const list = data?.sessions ?? [];
  return (
    <section aria-label="Processes">
      <div className="flex items-start justify-between">
        <Heading title="Processes" note="What runs code of this project for the studio now. A scratchpad keeps its process, and what it has defined, until it is ended." />
        <IconButton label="Look again" onClick={again}><RefreshCw size={14} aria-hidden="true" className={isFetching ? "animate-spin" : undefined} /></IconButton>
      </div>
      {error && <ErrorCard error={error} />}
      <div className="overflow-x-auto rounded-card border border-line">
        {list.length === 0 ? (
          <p className="px-3 py-2 text-muted">{data ? "Nothing runs." : ""}</p>
        ) : (
          <table className="tabular w-full border-collapse">
            <thead className="text-left text-meta text-muted">
              <tr>{["Block", "Kind", "Memory", "Work", "Since", "Process", ""].map((name) => <th key={name} scope="col" className="border-b border-line px-3 py-1 font-semibold">{name || <span className="sr-only">Actions</span>}</th>)}</tr>
            </thead>
            <tbody>
              {list.map((one) => (
                <tr key={one.pid} className="border-b border-s2 last:border-0">
                  <td className="px-3 py-1"><Link to="/pipelines/$pipeline" params={{ pipeline: one.pipeline }} search={{ block: one.block }} className="text-accent hover:underline">{one.block}</Link> <span className="text-muted">{one.pipeline}</span></td>
                  <td className="px-3 text-muted">{one.kind}</td>
                  <td className="px-3">{bytes(one.memory)}</td>
                  <td className="px-3">{seconds(one.cpu)}</td>
                  <td className="whitespace-nowrap px-3" title={dateTime(one.since)}>{ago(one.since)}</td>
                  <td className="px-3 text-muted">{one.pid}</td>
                  <td className="px-3 text-right"><Button look="danger" onClick={() => end(one)}>{one.kind === "scratchpad" ? "End" : "Interrupt"}</Button></td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}
