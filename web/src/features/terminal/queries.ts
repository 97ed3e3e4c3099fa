import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";

/** Programs that a terminal can start, the user's own first. */
export function useShells(): readonly string[] {
  return useQuery({ queryKey: ["shells"], queryFn: ({ signal }) => api.get<{ shells: string[] }>("/terminal/shells", { signal }) }).data?.shells ?? [];
}
