/** Many runs dealt with at once: a part of them at a time, so that it can be told how far it is. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../api/client";
import { count } from "../../app/format";
import { toast, toastError } from "../../ui/toasts";
import { without, type Runs } from "./liveRuns";

export type BulkAction = "cancel" | "retry" | "retry_incomplete" | "delete";

export interface Refused {
  run: string;
  message: string;
}

/** What came of it: how many it was done to, and which were left as they are, with the reason. */
export interface Outcome {
  action: BulkAction;
  done: number;
  refused: Refused[];
}

const DONE: Record<BulkAction, string> = { cancel: "Cancelling", retry: "Retrying", retry_incomplete: "Going on with", delete: "Deleted" };
const AT_ONCE = 100;

export function some(runs: number): string {
  return runs === 1 ? "1 run" : `${count(runs)} runs`;
}

export function doneWords({ action, done }: Outcome): string {
  return done === 0 ? "" : `${DONE[action]} ${some(done)}.`;
}

/** The runs of each reason, those of the most frequent one first. */
export function byReason(refused: readonly Refused[]): { message: string; runs: string[] }[] {
  const found = new Map<string, string[]>();
  for (const { run, message } of refused) {
    // A message names its run: without that, the same reason is the same text.
    const reason = message.replaceAll(` run ${run}`, " a run").replaceAll(run, "it");
    found.set(reason, [...(found.get(reason) ?? []), run]);
  }
  return [...found].map(([message, runs]) => ({ message, runs })).sort((one, other) => other.runs.length - one.runs.length);
}

/** Do it to all of them, in order, a part after the other; a part that cannot be asked for leaves what follows alone. */
export async function inParts(runs: readonly string[], ask: (part: string[]) => Promise<{ done: string[]; refused: Refused[] }>, onPart: (done: number, parts: { done: string[]; refused: Refused[] }) => void, size = AT_ONCE): Promise<void> {
  for (let from = 0; from < runs.length; from += size) {
    const part = runs.slice(from, from + size);
    onPart(from + part.length, await ask(part));
  }
}

export function useBulk() {
  const client = useQueryClient();
  const [progress, setProgress] = useState<{ done: number; total: number } | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const mutation = useMutation({
    mutationFn: async ({ action, runs }: { action: BulkAction; runs: string[] }) => {
      const all: Outcome = { action, done: 0, refused: [] };
      setOutcome(null);
      setProgress({ done: 0, total: runs.length });
      const ask = (part: string[]) => api.post<{ done: string[]; refused: Refused[] }>("/runs/bulk", { body: { action, runs: part } });
      try {
        await inParts(runs, ask, (asked, { done, refused }) => {
          all.done += done.length;
          all.refused.push(...refused);
          setProgress({ done: asked, total: runs.length });
          if (action === "delete") client.setQueriesData<Runs>({ queryKey: ["runs"] }, (held) => held && without(held, new Set(done)));
        });
      } finally {
        setProgress(null);
        if (all.refused.length > 0) setOutcome(all);
        else if (all.done > 0) toast(doneWords(all), { seconds: 3 });
      }
      return all;
    },
    onError: toastError,
  });
  return { run: mutation.mutate, busy: mutation.isPending, progress, outcome, forget: () => setOutcome(null) };
}
