import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api } from "../../api/client";
import type { BackfillPreview, BackfillSummary } from "../../api/orchestration";
import { toast, toastError } from "../../ui/toasts";
import type { BackfillBody } from "./draft";

export function useBackfills(pipeline = "") {
  return useQuery({
    queryKey: ["backfills", "list", pipeline],
    queryFn: ({ signal }) => api.get<{ backfills: BackfillSummary[] }>("/backfills", { query: { pipeline: pipeline || undefined }, signal }),
  });
}

export function useBackfill(id: number) {
  return useQuery({ queryKey: ["backfills", "one", id], queryFn: ({ signal }) => api.get<BackfillSummary>(`/backfills/${id}`, { signal }) });
}

/** Which runs it would make, as it stands in the form; null asks nothing. */
export function useBackfillPreview(body: BackfillBody | null) {
  return useQuery({
    queryKey: ["backfill-preview", JSON.stringify(body)],
    queryFn: ({ signal }) => api.post<BackfillPreview>("/backfills/preview", { body, signal }),
    enabled: body !== null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    retry: false,
  });
}

export function useChangeBackfills() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const done = () => void client.invalidateQueries({ queryKey: ["backfills"] });
  const create = useMutation({
    mutationFn: (body: BackfillBody & { run: boolean }) => api.post<BackfillSummary>("/backfills", { body }),
    onSuccess: (made) => {
      done();
      void navigate({ to: "/backfills/$backfill", params: { backfill: String(made.id) } });
    },
  });
  const act = (what: "start" | "cancel" | "retry", words: string) => ({
    mutationFn: (id: number) => api.post<unknown>(`/backfills/${id}/${what}`, { body: {} }),
    onSuccess: () => {
      done();
      toast(words, { seconds: 2 });
    },
    onError: toastError,
  });
  const start = useMutation(act("start", "Started."));
  const cancel = useMutation(act("cancel", "Cancelling."));
  const retry = useMutation(act("retry", "Retrying what failed."));
  const remove = useMutation({
    mutationFn: ({ id }: { id: number; name: string }) => api.del<unknown>(`/backfills/${id}`),
    onSuccess: (_, { name }) => {
      done();
      toast(`Deleted ${name}.`, { seconds: 3 });
      void navigate({ to: "/backfills" });
    },
    onError: toastError,
  });
  return { create, start, cancel, retry, remove };
}
