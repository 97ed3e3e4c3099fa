import { useQuery } from "@tanstack/react-query";
import { projectQuery } from "../api/queryClient";

export type Permission = "run" | "edit" | "admin" | "terminal";

/** Whether this browser may do that; until the server has said, it may: what is refused is told then. */
export function useMay(permission: Permission): boolean {
  const { data } = useQuery(projectQuery);
  return data?.permissions.includes(permission) ?? true;
}
