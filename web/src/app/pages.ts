import { CalendarClock, Database, FolderTree, History, Home, Settings, Workflow, type LucideIcon } from "lucide-react";

export interface Page {
  to: "/" | "/pipelines" | "/runs" | "/triggers" | "/data" | "/files" | "/settings";
  label: string;
  icon: LucideIcon;
  keys: string;
}

/** The pages of the rail. Those that belong to one of them are linked over it, and named in the palette. */
export const PAGES: readonly Page[] = [
  { to: "/", label: "Home", icon: Home, keys: "G H" },
  { to: "/pipelines", label: "Pipelines", icon: Workflow, keys: "G P" },
  { to: "/runs", label: "Runs", icon: History, keys: "G R" },
  { to: "/triggers", label: "Triggers", icon: CalendarClock, keys: "G T" },
  { to: "/data", label: "Data", icon: Database, keys: "G D" },
  { to: "/files", label: "Files", icon: FolderTree, keys: "G F" },
  { to: "/settings", label: "Settings", icon: Settings, keys: "G S" },
];

export interface Further {
  to: "/calendar" | "/backfills" | "/monitor" | "/logs" | "/alerts" | "/templates";
  label: string;
  keys: string;
}

export const FURTHER: readonly Further[] = [
  { to: "/calendar", label: "Calendar", keys: "G C" },
  { to: "/backfills", label: "Backfills", keys: "G B" },
  { to: "/monitor", label: "Monitor", keys: "G M" },
  { to: "/logs", label: "Logs", keys: "G L" },
  { to: "/alerts", label: "Alerts", keys: "G A" },
  { to: "/templates", label: "Templates", keys: "G E" },
];
