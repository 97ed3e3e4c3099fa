import { Database, FolderTree, History, Home, Settings, Workflow, type LucideIcon } from "lucide-react";

export interface Page {
  to: "/" | "/pipelines" | "/runs" | "/data" | "/files" | "/settings";
  label: string;
  icon: LucideIcon;
  keys: string;
}

/** The pages of the rail. */
export const PAGES: readonly Page[] = [
  { to: "/", label: "Home", icon: Home, keys: "G H" },
  { to: "/pipelines", label: "Pipelines", icon: Workflow, keys: "G P" },
  { to: "/runs", label: "Runs", icon: History, keys: "G R" },
  { to: "/data", label: "Data", icon: Database, keys: "G D" },
  { to: "/files", label: "Files", icon: FolderTree, keys: "G F" },
  { to: "/settings", label: "Settings", icon: Settings, keys: "G S" },
];
