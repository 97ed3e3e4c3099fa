import { Link } from "@tanstack/react-router";
import { AlertTriangle, Check } from "lucide-react";
import { useState } from "react";
import { api, segment } from "../api/client";
import { queryClient } from "../api/queryClient";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { EmptyState } from "../ui/feedback";
import { Input } from "../ui/fields";
import { toastError } from "../ui/toasts";
import { clock, count, dateTime } from "./format";
import { forgetAll, useHistory, type Done } from "./history";

/** For so long, in seconds, the server keeps what was deleted. */
const DAY = 86_400;
const LINK = "rounded-control px-2 text-accent underline";

/** What was done in this browser, by day, the newest first: found by typing, opened, taken back. */
export function HistoryDialog({ onClose }: { onClose: () => void }) {
  const done = useHistory((held) => held.done);
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const shown = done.filter((one) => `${one.text} ${one.pipeline ?? ""} ${one.refused ?? ""}`.toLowerCase().includes(wanted));
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => !open && onClose()}
      title="History"
      description="What you did in this browser. It is kept here, not in the project."
      footer={done.length > 0 && <Button onClick={forgetAll}>Forget all</Button>}
    >
      {done.length === 0 ? (
        <EmptyState title="Nothing yet">What you change, run and delete from here on is listed here. What was deleted can be brought back from here for a day.</EmptyState>
      ) : (
        <>
          <Input autoFocus type="search" aria-label="Find in the history" placeholder="Find in the history" value={text} onChange={(event) => setText(event.target.value)} className="mb-3" />
          {shown.length === 0 && <p role="status" className="py-4 text-center text-muted">Nothing of that name.</p>}
          {byDay(shown).map(([day, list]) => (
            <section key={day} className="mb-3">
              <h3 className="text-meta font-semibold text-muted">{day}</h3>
              <ul className="divide-y divide-line">{list.map((one) => <Line key={one.id} one={one} onClose={onClose} />)}</ul>
            </section>
          ))}
        </>
      )}
    </Dialog>
  );
}

function Line({ one, onClose }: { one: Done; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const { undo, pipeline, run, refused } = one;
  const bringBack = async (token: string) => {
    setBusy(true);
    try {
      await api.post(`/undo/${segment(token)}`);
      // Whatever page is open may list what is back.
      await queryClient.invalidateQueries();
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  return (
    <li className="flex min-h-8 items-start gap-2 py-1.5 text-ui">
      <time className="w-16 flex-none tabular text-muted">{clock(one.at)}</time>
      {refused ? <AlertTriangle size={14} role="img" aria-label="Refused" className="mt-0.5 flex-none text-failed" /> : <Check size={14} role="img" aria-label="Done" className="mt-0.5 flex-none text-ok" />}
      <span className="min-w-0 flex-1 break-words">
        {refused && "Refused: "}{one.text}
        {one.times > 1 && <span className="text-muted"> · {count(one.times)} times</span>}
        {pipeline && !one.text.includes(pipeline) && <span className="text-muted"> · {pipeline}</span>}
        {refused && <span className="block text-failed">{refused}</span>}
      </span>
      {undo && Date.now() / 1000 - one.at < DAY && <Button look="quiet" busy={busy} onClick={() => void bringBack(undo)} aria-label={`Undo: ${one.text}`}>Undo</Button>}
      {run && <Link to="/runs/$run" params={{ run }} onClick={onClose} className={LINK}>Run</Link>}
      {pipeline && !undo && <Link to="/pipelines/$pipeline" params={{ pipeline }} onClick={onClose} className={LINK}>Open</Link>}
    </li>
  );
}

function byDay(done: readonly Done[]): [string, Done[]][] {
  const days = new Map<string, Done[]>();
  for (const one of done) {
    const day = dateTime(one.at).replace(/,.*/, "");
    days.set(day, [...(days.get(day) ?? []), one]);
  }
  return [...days];
}
