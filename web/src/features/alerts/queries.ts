import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { AlertSettings, AlertSummary } from "../../api/orchestration";
import { toast, toastError } from "../../ui/toasts";

export function useAlerts() {
  return useInfiniteQuery({
    queryKey: ["alerts", "list"],
    queryFn: ({ pageParam, signal }) => api.get<{ alerts: AlertSummary[]; next: string | null }>("/alerts", { query: { before: pageParam || undefined }, signal }),
    initialPageParam: "",
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
    onError: toastError,
  });
  const test = useMutation({
    mutationFn: (channel: string) => api.post<{ sent: boolean; message: string }>("/alerts/test", { body: { channel } }),
    onSuccess: ({ sent, message }) => toast(message || (sent ? "Sent." : "It was not sent."), { tone: sent ? "info" : "failed", seconds: 8 }),
    onError: toastError,
  });
  return { change, test };
}
