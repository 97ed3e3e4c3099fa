import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "../../api/client";
import { toast, toastError } from "../../ui/toasts";

export interface Setting {
  key: string;
  title: string;
  description: string;
  kind: string;
  value: unknown;
  default: unknown;
  set: boolean;
  choices: string[];
  secret: boolean;
  used: boolean;
}

export interface Settings {
  settings: Setting[];
  file: string;
  revision: string;
  environment: { name: string; description: string; set: boolean }[];
}

const KEY = ["settings"];

export function useSettings() {
  return useQuery({ queryKey: KEY, queryFn: ({ signal }) => api.get<Settings>("/settings", { signal }) });
}

/** Writes one setting into the project's file; null takes it out. */
export function useSaveSetting(setting: Setting, revision: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (value: unknown) => api.patch<Settings>("/settings", { body: { revision, set: { [setting.key]: value } } }),
    onSuccess: (data) => {
      client.setQueryData(KEY, data);
      toast(`Saved ${setting.title.toLowerCase()}.`, { seconds: 2 });
    },
    onError: (error) => {
      toastError(error);
      void client.invalidateQueries({ queryKey: KEY });
    },
  });
}

/** A link that logs one browser in. */
export async function makeLink(): Promise<string> {
  return (await api.post<{ url: string }>("/session/links", { body: {} })).url;
}

export async function logOut(which: "this" | "all"): Promise<void> {
  await api.del(which === "all" ? "/session/all" : "/session");
  window.location.assign("./");
}
