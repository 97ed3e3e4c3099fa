import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { Database, FolderTree, History, Home, Keyboard, Moon, PanelLeftClose, PanelLeftOpen, Search, Settings, Sun, SunMoon, TerminalSquare, Workflow, X, type LucideIcon } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { api, ApiError } from "../api/client";
import { useConnection, type LiveEvent } from "../api/live";
import type { ProjectInfo } from "../api/types";
import { useTopic } from "../api/useTopic";
import { IconButton } from "../ui/Button";
import { cx } from "../ui/cx";
import { Kbd } from "../ui/Kbd";
import { SplitPane } from "../ui/SplitPane";
import { Toasts } from "../ui/toasts";
import { KeyHandler, useCommands } from "./commands";
import { KeyMap } from "./KeyMap";
import { Palette } from "./Palette";
import { setPreference, usePreferences, type Theme } from "./preferences";
import { NotLoggedIn } from "./problems";

const TerminalDrawer = lazy(() => import("../features/terminal/TerminalDrawer").then((module) => ({ default: module.TerminalDrawer })));

const RAIL: { to: "/" | "/pipelines" | "/runs" | "/data" | "/files" | "/settings"; label: string; icon: LucideIcon; keys: string }[] = [
  { to: "/", label: "Home", icon: Home, keys: "G H" },
  { to: "/pipelines", label: "Pipelines", icon: Workflow, keys: "G P" },
  { to: "/runs", label: "Runs", icon: History, keys: "G R" },
  { to: "/data", label: "Data", icon: Database, keys: "G D" },
  { to: "/files", label: "Files", icon: FolderTree, keys: "G F" },
  { to: "/settings", label: "Settings", icon: Settings, keys: "G S" },
];
const NEXT_THEME: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };

/** What stands around every page: the rail, the palette, the terminal, the state of the connection, messages. */
export function Shell() {
  const project = useQuery({ queryKey: ["project"], queryFn: () => api.get<ProjectInfo>("/project") });
  const connection = useConnection((state) => state.state);
  const [palette, setPalette] = useState(false);
  const [keys, setKeys] = useState(false);
  const [terminal, setTerminal] = useState<"never" | "open" | "hidden">("never");
  const navigate = useNavigate();
  useProjectEvents();
  useKeys();
  const hasTerminal = project.data?.features.terminal ?? false;
  const toggleTerminal = () => setTerminal((held) => (held === "open" ? "hidden" : "open"));
  useCommands([
    { id: "palette", title: "Commands and search", group: "Studio", keys: ["Mod+K", "Mod+."], run: () => setPalette(true) },
    { id: "keys", title: "Show all keys", group: "Studio", keys: ["?"], run: () => setKeys(true) },
    { id: "terminal", title: "Terminal", group: "Studio", keys: ["Mod+`"], enabled: hasTerminal, run: toggleTerminal },
    { id: "theme", title: "Switch between light, dark and the system's theme", group: "Studio", run: nextTheme },
    { id: "zone", title: "Show times in local time or UTC", group: "Studio", run: () => setPreference("zone", usePreferences.getState().zone === "utc" ? "local" : "utc") },
    ...RAIL.map(({ to, label, keys: sequence }) => ({ id: `go${to}`, title: `Go to ${label}`, group: "Go to", keys: [sequence], run: () => void navigate({ to }) })),
  ]);
  if ((project.error instanceof ApiError && project.error.status === 401) || connection === "refused") return <NotLoggedIn />;
  const page = (
    <div className="h-full min-h-0 overflow-hidden">
      <Outlet />
    </div>
  );
  return (
    <div className="flex h-full">
      <a href="#page" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-s0 focus:p-2">Skip to the page</a>
      <Rail project={project.data} onPalette={() => setPalette(true)} onKeys={() => setKeys(true)} onTerminal={hasTerminal ? toggleTerminal : undefined} />
      <main id="page" tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
        {connection === "lost" && (
          <div role="status" className="flex-none border-b border-line bg-stale-soft px-4 py-1 text-ui text-stale">
            The connection to the server is lost. What you type is kept here; this page reconnects by itself.
          </div>
        )}
        <div className="min-h-0 flex-1">
          {terminal === "never" ? (
            page
          ) : (
            <SplitPane
              name="terminal"
              direction="vertical"
              panes={[
                { id: "page", size: 68, min: 20, content: page },
                ...(terminal === "open" ? [{ id: "terminal", size: 32, min: 12, content: <Drawer onClose={() => setTerminal("hidden")} /> }] : []),
              ]}
            />
          )}
        </div>
      </main>
      <Palette open={palette} onOpenChange={setPalette} />
      <KeyMap open={keys} onOpenChange={setKeys} />
      <Toasts />
    </div>
  );
}

function Drawer({ onClose }: { onClose: () => void }) {
  return (
    <section aria-label="Terminal" className="flex h-full flex-col">
      <div className="flex h-7 flex-none items-center justify-between border-b border-line bg-s1 px-3 text-[12px] font-semibold">
        Terminal
        <IconButton label="End the shell and close" onClick={onClose}><X size={14} aria-hidden="true" /></IconButton>
      </div>
      <div className="min-h-0 flex-1"><Suspense fallback={null}><TerminalDrawer /></Suspense></div>
    </section>
  );
}

function Rail({ project, onPalette, onKeys, onTerminal }: { project: ProjectInfo | undefined; onPalette: () => void; onKeys: () => void; onTerminal?: () => void }) {
  const wide = usePreferences((state) => state.rail === "wide");
  const theme = usePreferences((state) => state.theme);
  const ThemeIcon = theme === "dark" ? Moon : theme === "light" ? Sun : SunMoon;
  return (
    <nav aria-label="Main" className={cx("flex flex-none flex-col border-r border-line bg-s1 py-2", wide ? "w-44" : "w-12")}>
      <div className={cx("mb-2 flex h-7 items-center gap-2", wide ? "px-3" : "justify-center")} title={project?.root}>
        <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true" className="flex-none">
          <rect width="32" height="32" rx="7" fill="var(--accent)" />
          <path d="M8 7h10a6.5 6.5 0 0 1 0 13h-4v5H8z" fill="var(--surface-1)" />
          <path d="M14 12v3h3.5a1.5 1.5 0 0 0 0-3z" fill="var(--accent)" />
        </svg>
        {wide && <span className="truncate text-[14px] font-semibold">{project?.name ?? ""}</span>}
      </div>
      <button type="button" onClick={onPalette} aria-label="Commands and search" className={cx("mx-2 mb-2 flex h-7 items-center gap-2 rounded-control border border-line bg-s0 px-2 text-[12px] text-muted hover:border-line-strong", !wide && "justify-center px-0")}>
        <Search size={13} aria-hidden="true" className="flex-none" />
        {wide && <><span className="flex-1 text-left">Search</span><Kbd keys="Mod+K" /></>}
      </button>
      {RAIL.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          title={wide ? undefined : label}
          activeOptions={{ exact: to === "/" }}
          className="mx-2 flex h-8 items-center gap-2.5 rounded-control px-2 text-ui text-muted hover:bg-s2 hover:text-fg"
          activeProps={{ className: "bg-accent-soft !text-fg font-semibold" }}
        >
          <Icon size={16} aria-hidden="true" className="flex-none" />
          <span className={wide ? undefined : "sr-only"}>{label}</span>
        </Link>
      ))}
      <div className={cx("mt-auto flex gap-1 px-2", wide ? "flex-row" : "flex-col items-center")}>
        {onTerminal && <IconButton label="Terminal" keys="Mod+`" onClick={onTerminal}><TerminalSquare size={15} aria-hidden="true" /></IconButton>}
        <IconButton label="Show all keys" keys="?" onClick={onKeys}><Keyboard size={15} aria-hidden="true" /></IconButton>
        <IconButton label={`Theme: ${theme}`} onClick={nextTheme}><ThemeIcon size={15} aria-hidden="true" /></IconButton>
        <IconButton label={wide ? "Narrow the rail" : "Widen the rail"} onClick={() => setPreference("rail", wide ? "narrow" : "wide")}>
          {wide ? <PanelLeftClose size={15} aria-hidden="true" /> : <PanelLeftOpen size={15} aria-hidden="true" />}
        </IconButton>
      </div>
    </nav>
  );
}

function nextTheme(): void {
  setPreference("theme", NEXT_THEME[usePreferences.getState().theme]);
}

function useKeys(): void {
  useEffect(() => {
    const handler = new KeyHandler();
    const onKey = (event: KeyboardEvent) => void handler.handle(event);
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

/** What happens anywhere in the project makes the lists that show it fetch themselves again: those that are open, now. */
function useProjectEvents(): void {
  const client = useQueryClient();
  const touched = (events: LiveEvent[]) => {
    const keys = new Set<string>();
    for (const event of events) {
      if (event.type === "pipelines_changed") keys.add("pipelines").add("home");
      else if (event.type === "run_started" || event.type === "run_ended") keys.add("runs").add("pipelines").add("home");
      else if (event.type === "files_changed") keys.add("files").add("git").add("home");
      else if (event.type === "product_published") keys.add("products").add("product").add("versions");
    }
    for (const key of keys) void client.invalidateQueries({ queryKey: [key] });
  };
  useTopic("project", touched, () => {
    for (const key of ["pipelines", "home", "runs", "files", "git", "products", "product", "versions"]) void client.invalidateQueries({ queryKey: [key] });
  });
}
