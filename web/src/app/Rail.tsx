import { Link } from "@tanstack/react-router";
import { Keyboard, Moon, PanelLeftClose, PanelLeftOpen, ScrollText, Search, Sun, SunMoon, TerminalSquare } from "lucide-react";
import { apiUrl } from "../api/client";
import type { ProjectInfo } from "../api/types";
import { IconButton } from "../ui/Button";
import { cx } from "../ui/cx";
import { Kbd } from "../ui/Kbd";
import { PAGES } from "./pages";
import { nextTheme, setPreference, usePreferences } from "./preferences";

interface RailProps {
  project: ProjectInfo | undefined;
  onPalette: () => void;
  onKeys: () => void;
  onHistory: () => void;
  onTerminal?: () => void;
}

/** The way to every page; on a phone a bar at the bottom instead. */
export function Rail({ project, onPalette, onKeys, onHistory, onTerminal }: RailProps) {
  const wide = usePreferences((state) => state.rail === "wide");
  const theme = usePreferences((state) => state.theme);
  const ThemeIcon = theme === "dark" ? Moon : theme === "light" ? Sun : SunMoon;
  return (
    <nav aria-label="Main" className={cx("hidden flex-none flex-col border-r border-line bg-s1 py-2 sm:flex", wide ? "w-44" : "w-12")}>
      <div className={cx("mb-2 flex h-7 items-center gap-2", wide ? "px-3" : "justify-center")} title={project?.root}>
        {project?.logo ? <img src={apiUrl("/project/logo", { v: project.logo })} alt="" className="h-6 w-6 flex-none object-contain" /> : <Mark />}
        {wide && <span className="truncate text-[14px] font-semibold">{project?.name ?? ""}</span>}
      </div>
      <button type="button" onClick={onPalette} title={wide ? undefined : "Search and commands"} className={cx("mx-2 mb-2 flex h-7 items-center gap-2 rounded-control border border-line bg-s0 px-2 text-[12px] text-muted hover:border-line-strong", !wide && "justify-center px-0")}>
        <Search size={13} aria-hidden="true" className="flex-none" />
        <span className={wide ? "flex-1 text-left" : "sr-only"}>Search<span className="sr-only"> and commands</span></span>
        {wide && <Kbd keys="Mod+K" />}
      </button>
      {PAGES.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          title={wide ? undefined : label}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          className="mx-2 flex h-8 items-center gap-2.5 rounded-control px-2 text-ui text-muted hover:bg-s2 hover:text-fg"
          activeProps={{ className: "bg-accent-soft !text-fg font-semibold" }}
        >
          <Icon size={16} aria-hidden="true" className="flex-none" />
          <span className={wide ? undefined : "sr-only"}>{label}</span>
        </Link>
      ))}
      <div className={cx("mt-auto flex gap-1 px-2", wide ? "flex-row" : "flex-col items-center")}>
        {onTerminal && <IconButton label="Terminal" keys="Mod+`" onClick={onTerminal}><TerminalSquare size={15} aria-hidden="true" /></IconButton>}
        <IconButton label="History" keys="G I" onClick={onHistory}><ScrollText size={15} aria-hidden="true" /></IconButton>
        <IconButton label="Show all keys" keys="?" onClick={onKeys}><Keyboard size={15} aria-hidden="true" /></IconButton>
        <IconButton label={`Theme: ${theme}`} onClick={nextTheme}><ThemeIcon size={15} aria-hidden="true" /></IconButton>
        <IconButton label={wide ? "Narrow the rail" : "Widen the rail"} onClick={() => setPreference("rail", wide ? "narrow" : "wide")}>
          {wide ? <PanelLeftClose size={15} aria-hidden="true" /> : <PanelLeftOpen size={15} aria-hidden="true" />}
        </IconButton>
      </div>
    </nav>
  );
}

export function BottomBar() {
  return (
    <nav aria-label="Pages" className="flex flex-none border-t border-line bg-s1 pb-[env(safe-area-inset-bottom)] sm:hidden">
      {PAGES.map(({ to, label, icon: Icon }) => (
        <Link key={to} to={to} activeOptions={{ exact: to === "/", includeSearch: false }} className="flex min-w-0 flex-1 flex-col items-center gap-0.5 py-1.5 text-meta text-muted" activeProps={{ className: "!text-accent font-semibold" }}>
          <Icon size={18} aria-hidden="true" />
          <span className="max-w-full truncate">{label}</span>
        </Link>
      ))}
    </nav>
  );
}

function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true" className="flex-none">
      <rect width="32" height="32" rx="7" fill="var(--accent)" />
      <path d="M8 7h10a6.5 6.5 0 0 1 0 13h-4v5H8z" fill="var(--surface-1)" />
      <path d="M14 12v3h3.5a1.5 1.5 0 0 0 0-3z" fill="var(--accent)" />
    </svg>
  );
}
