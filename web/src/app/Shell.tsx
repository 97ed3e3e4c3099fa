import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { Database, FolderTree, History, Home, PanelLeftClose, PanelLeftOpen, Settings, Workflow, type LucideIcon } from "lucide-react";
import { api, ApiError } from "../api/client";
import { useConnection } from "../api/live";
import { Toasts } from "../ui/toasts";
import { IconButton } from "../ui/Button";
import { cx } from "../ui/cx";
import { NotLoggedIn } from "./problems";
import { setPreference, usePreferences } from "./preferences";

interface ProjectInfo {
  name: string;
  root: string;
  version: string;
}

const RAIL: { to: "/" | "/pipelines" | "/runs" | "/data" | "/files" | "/settings"; label: string; icon: LucideIcon }[] = [
  { to: "/", label: "Home", icon: Home },
  { to: "/pipelines", label: "Pipelines", icon: Workflow },
  { to: "/runs", label: "Runs", icon: History },
  { to: "/data", label: "Data", icon: Database },
  { to: "/files", label: "Files", icon: FolderTree },
  { to: "/settings", label: "Settings", icon: Settings },
];

/** What stands around every page: the rail, the state of the connection, messages. */
export function Shell() {
  const project = useQuery({ queryKey: ["project"], queryFn: () => api.get<ProjectInfo>("/project") });
  const connection = useConnection((state) => state.state);
  const wide = usePreferences((state) => state.rail === "wide");
  if ((project.error instanceof ApiError && project.error.status === 401) || connection === "refused") return <NotLoggedIn />;
  return (
    <div className="flex h-full">
      <nav aria-label="Main" className={cx("flex flex-none flex-col border-r border-line bg-s1 py-2", wide ? "w-40" : "w-12")}>
        <div className="truncate px-3 pb-2 text-ui font-semibold" title={project.data?.root}>{wide ? (project.data?.name ?? "") : ""}</div>
        {RAIL.map(({ to, label, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            title={wide ? undefined : label}
            activeOptions={{ exact: to === "/" }}
            className="mx-1.5 flex h-8 items-center gap-2.5 rounded-control px-2 text-ui text-muted hover:bg-s2 hover:text-fg"
            activeProps={{ className: "bg-accent-soft !text-fg font-semibold", "aria-current": "page" }}
          >
            <Icon size={16} aria-hidden="true" className="flex-none" />
            <span className={wide ? undefined : "sr-only"}>{label}</span>
          </Link>
        ))}
        <div className="mt-auto px-2">
          <IconButton label={wide ? "Narrow the rail" : "Widen the rail"} onClick={() => setPreference("rail", wide ? "narrow" : "wide")}>
            {wide ? <PanelLeftClose size={16} aria-hidden="true" /> : <PanelLeftOpen size={16} aria-hidden="true" />}
          </IconButton>
        </div>
      </nav>
      <main className="flex min-w-0 flex-1 flex-col">
        {connection === "lost" && (
          <div role="status" className="border-b border-line bg-stale-soft px-4 py-1 text-ui text-stale">
            The connection to the server is lost. What runs goes on; this page reconnects by itself.
          </div>
        )}
        <div className="min-h-0 flex-1 overflow-hidden">
          <Outlet />
        </div>
      </main>
      <Toasts />
    </div>
  );
}
