import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { AlertDetail, AlertSettings } from "../../api/orchestration";
import { toast, toastError } from "../../ui/toasts";

export function useAlerts() {
  return useInfiniteQuery({
    queryKey: ["alerts", "list"],
    queryFn: ({ pageParam, signal }) => api.get<{ alerts: AlertDetail[]; next: number | null }>("/alerts", { query: { limit: 50, before: pageParam ?? undefined }, signal }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export function useAlertSettings() {
  return useQuery({ queryKey: ["alerts", "settings"], queryFn: ({ signal }) => api.get<AlertSettings>("/alerts/settings", { signal }) });
}

export function useChangeAlerts() {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (body: { revision: string; set: Record<string, unknown> }) => api.patch<AlertSettings>("/alerts/settings", { body }),
    onSuccess: (settings) => {
      client.setQueryData(["alerts", "settings"], settings);
      toast("Saved.", { seconds: 2 });
    },
    onError: (error) => {
      toastError(error);
      void client.invalidateQueries({ queryKey: ["alerts", "settings"] });
    },
  });
  const test = useMutation({
    mutationFn: (channel: string) => api.post<{ channel: string; sent: boolean; error: string }>("/alerts/test", { body: { channel } }),
    onSuccess: ({ channel, sent, error }) => toast(sent ? `Sent a message to ${channel}.` : `Not sent to ${channel}: ${error}`, { tone: sent ? "info" : "failed", seconds: sent ? 4 : 12 }),
    onError: toastError,
  });
  return { change, test };
}
