/** What somebody knows of already, and wants to hear no more of for a while. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { MuteDetail } from "../../api/orchestration";
import { dateTime } from "../../app/format";
import { toast, toastError } from "../../ui/toasts";

interface Mutes {
  mutes: MuteDetail[];
}

export function useMutes() {
  return useQuery({ queryKey: ["mutes"], queryFn: ({ signal }) => api.get<Mutes>("/mutes", { signal }) });
}

/** The mute that holds for failures at a block of a pipeline, the longest one. */
export function muteOf(mutes: readonly MuteDetail[] | undefined, pipeline: string, block: string | null): MuteDetail | null {
  const own = (mutes ?? []).filter((one) => one.pipeline === pipeline && (one.block === "" || one.block === block));
  return own.reduce<MuteDetail | null>((best, one) => (best === null || one.until > best.until ? one : best), null);
}

export const LENGTHS: readonly { label: string; until: (now: Date) => number }[] = [
  { label: "For an hour", until: (now) => now.getTime() / 1000 + 3600 },
  { label: "Until tomorrow morning", until: (now) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 8).getTime() / 1000 },
  { label: "For a week", until: (now) => now.getTime() / 1000 + 7 * 86_400 },
  { label: "For 30 days", until: (now) => now.getTime() / 1000 + 30 * 86_400 },
];

export function useMute() {
  const client = useQueryClient();
  const send = (mute: { pipeline: string; block: string; until: number | null }) => api.post<Mutes>("/mutes", { body: mute });
  const mutation = useMutation({
    mutationFn: send,
    onSuccess: (found, mute) => {
      client.setQueryData(["mutes"], found);
      void client.invalidateQueries({ queryKey: ["home"] });
      const name = mute.block ? `${mute.block} of ${mute.pipeline}` : mute.pipeline;
      if (mute.until === null) toast(`Failures of ${name} are told again.`, { seconds: 3 });
      else toast(`Muted ${name} until ${dateTime(mute.until)}.`, { action: { label: "Undo", run: () => mutation.mutate({ ...mute, until: null }) } });
    },
    onError: toastError,
  });
  return mutation;
}
