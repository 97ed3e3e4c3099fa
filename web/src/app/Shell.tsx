import { useQuery } from "@tanstack/react-query";
import { Outlet, useMatchRoute, useNavigate, useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { ApiError } from "../api/client";
import { projectQuery } from "../api/queryClient";
import { cx } from "../ui/cx";
import { Toasts } from "../ui/toasts";
import { KeyHandler, useCommands } from "./commands";
import { ConnectionBanner } from "./ConnectionBanner";
import { keepHistory } from "./history";
import { FURTHER, PAGES } from "./pages";
import { nextTheme, setPreference, usePreferences } from "./preferences";
import { ReadOnlyBanner } from "./ReadOnlyBanner";
import { PaletteWaiting } from "./PaletteWaiting";
import { NotLoggedIn } from "./problems";
import { useProjectEvents } from "./projectEvents";
import { BottomBar, Rail } from "./Rail";

const loadPalette = () => import("./Palette");
const Palette = lazy(() => loadPalette().then((module) => ({ default: module.Palette })));
const KeyMap = lazy(() => import("./KeyMap").then((module) => ({ default: module.KeyMap })));
const HistoryDialog = lazy(() => import("./HistoryDialog").then((module) => ({ default: module.HistoryDialog })));
const Drawer = lazy(() => import("./Drawer").then((module) => ({ default: module.Drawer })));

/** What stands around every page: the rail, the palette, the terminal, the state of the connection, messages. */
export function Shell() {
  const project = useQuery(projectQuery);
  const [open, setOpen] = useState<"palette" | "keys" | "history" | null>(null);
  const [terminal, setTerminal] = useState<"none" | "shown" | "hidden">("none");
  const typed = useRef("");
  const navigate = useNavigate();
  const { history } = useRouter();
  const root = project.data?.root;
  useEffect(() => {
    return root ? keepHistory(root) : undefined;
  }, [root]);
  useProjectEvents();
  useKeys();
  usePaletteSoon();
  // Until the project has answered, the key counts: the drawer opens as soon as it is known that there is a terminal.
  const hasTerminal = project.data?.features.terminal ?? false;
  const whole = useMatchRoute()({ to: "/terminal" }) !== false;
  useEffect(() => {
    if (whole) setTerminal("shown"); // and it stays, below the page that is gone to
  }, [whole]);
  const toggleTerminal = () => (whole ? leave() : setTerminal((held) => (held === "shown" ? "hidden" : "shown")));
  const leave = () => (history.canGoBack() ? history.back() : void navigate({ to: "/" }));
  useCommands([
    { id: "palette", title: "Commands and search", group: "Studio", keys: ["Mod+K", "Mod+."], run: () => setOpen("palette") },
    { id: "keys", title: "Show all keys", group: "Studio", keys: ["?"], run: () => setOpen("keys") },
    { id: "history", title: "History: what was done in this browser", group: "Studio", keys: ["G I"], run: () => setOpen("history") },
    { id: "terminal", title: "Terminal", group: "Studio", keys: ["Mod+`"], enabled: hasTerminal || project.isPending, run: toggleTerminal },
    { id: "terminal.page", title: "Terminal on the whole page", group: "Studio", enabled: hasTerminal && !whole, run: () => void navigate({ to: "/terminal" }) },
    { id: "theme", title: "Switch between light, dark and the system's theme", group: "Studio", run: nextTheme },
    { id: "zone", title: "Show times in local time or UTC", group: "Studio", run: () => setPreference("zone", usePreferences.getState().zone === "utc" ? "local" : "utc") },
    { id: "rail", title: "Narrow or widen the rail", group: "Studio", keys: ["Mod+B"], run: () => setPreference("rail", usePreferences.getState().rail === "wide" ? "narrow" : "wide") },
    ...[...PAGES, ...FURTHER].map(({ to, label, keys }) => ({ id: `go${to}`, title: `Go to ${label}`, group: "Go to", keys: [keys], run: () => void navigate({ to }) })),
  ]);
  if (!project.data && project.error instanceof ApiError && project.error.status === 401) return <NotLoggedIn />;
  const onClosed = (shown: boolean) => {
    if (shown) return;
    typed.current = "";
    setOpen(null);
  };
  return (
    <div className="flex h-full">
      <a href="#page" onClick={skip} className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-s0 focus:p-2">Skip to the page</a>
      <Rail project={project.data} onPalette={() => setOpen("palette")} onKeys={() => setOpen("keys")} onHistory={() => setOpen("history")} onTerminal={hasTerminal ? toggleTerminal : undefined} />
      <div className="flex min-w-0 flex-1 flex-col">
        <ConnectionBanner />
        <ReadOnlyBanner />
        <main id="page" tabIndex={-1} className={cx("min-h-0 flex-1 overflow-hidden outline-none", whole && hasTerminal && "hidden")}>
          <Outlet />
        </main>
        {terminal !== "none" && hasTerminal && (
          <Suspense fallback={null}>
            <Drawer visible={whole || terminal === "shown"} whole={whole} onHide={whole ? leave : () => setTerminal("hidden")} onWhole={() => void navigate({ to: "/terminal" })} onClose={() => { setTerminal("none"); if (whole) leave(); }} />
          </Suspense>
        )}
        <BottomBar />
      </div>
      <Suspense fallback={null}>
        {open === "keys" && <KeyMap open onOpenChange={onClosed} />}
        {open === "history" && <HistoryDialog onClose={() => onClosed(false)} />}
      </Suspense>
      <Suspense fallback={<PaletteWaiting typed={typed} onClose={() => onClosed(false)} />}>
        {open === "palette" && <Palette open typed={typed} onOpenChange={onClosed} />}
      </Suspense>
      <Toasts />
    </div>
  );
}

/** The page's base address is not its own path, so that a plain `#page` would lead away. */
function skip(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById("page")?.focus();
}

function useKeys(): void {
  useEffect(() => {
    const handler = new KeyHandler();
    const onKey = (event: KeyboardEvent) => void handler.handle(event);
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

/** The palette is not part of the first view, and there when its key is pressed. */
function usePaletteSoon(): void {
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette().catch(() => undefined), 1500);
    return () => clearTimeout(timer);
  }, []);
}
