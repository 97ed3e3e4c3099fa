import { useQuery } from "@tanstack/react-query";
import { SquareTerminal } from "lucide-react";
import { projectQuery } from "../../api/queryClient";
import { EmptyState } from "../../ui/feedback";

/** The address of the terminal on the whole page: the shell around the pages shows it, where there is one. */
export function TerminalPage() {
  const { data } = useQuery(projectQuery);
  if (!data || data.features.terminal) return null;
  return <EmptyState page icon={<SquareTerminal size={36} aria-hidden="true" />} title="There is no terminal">This server was started without one: with --no-terminal, or DISABLE_TERMINAL set.</EmptyState>;
}
