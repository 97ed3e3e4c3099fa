import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, ApiError, segment } from "../../api/client";
import type { RunSummary } from "../../api/types";
import { toast, toastError } from "../../ui/toasts";
import { without, type Runs } from "./liveRuns";

/** What can be done with a run. A retry that is a run of its own is opened. */
export function useRunActions(run: string) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const done = () => {
    void client.invalidateQueries({ queryKey: ["run", run] });
    void client.invalidateQueries({ queryKey: ["explain"] });
  };
  const open = ({ run: made }: { run: RunSummary }) => {
    done();
    if (made.run !== run) void navigate({ to: "/runs/$run", params: { run: made.run } });
  };
  // A run of the studio is driven by the server itself, not by the scheduler.
  const interrupted = (error: unknown) => (error instanceof ApiError && error.code === "X108" ? api.post<unknown>(`/runs/${segment(run)}/interrupt`, { body: {} }).catch(() => Promise.reject(error)) : Promise.reject(error));
  const post = (action: string, body: object = {}) => api.post<{ run: RunSummary }>(`/runs/${segment(run)}/${action}`, { body });
  const cancel = useMutation({ mutationFn: () => post("cancel").catch(interrupted), onSuccess: () => { done(); toast("Cancelling.", { seconds: 2 }); }, onError: toastError });
  const retry = useMutation({ mutationFn: () => post("retry"), onSuccess: open, onError: toastError });
  const retryIncomplete = useMutation({ mutationFn: () => post("retry_incomplete"), onSuccess: open, onError: toastError });
  const retryFrom = useMutation({ mutationFn: (block: string) => post("retry_from", { block }), onSuccess: open, onError: toastError });
  const remove = useMutation({
    mutationFn: () => api.del<unknown>(`/runs/${segment(run)}`),
    onSuccess: () => {
      client.setQueriesData<Runs>({ queryKey: ["runs"] }, (held) => held && without(held, new Set([run])));
      toast("Deleted the run.", { seconds: 3 });
      void navigate({ to: "/runs" });
    },
    onError: toastError,
  });
  return { cancel, retry, retryIncomplete, retryFrom, remove, busy: cancel.isPending || retry.isPending || retryIncomplete.isPending || retryFrom.isPending };
}
