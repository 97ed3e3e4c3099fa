import { ChevronDown, Maximize2, X } from "lucide-react";
import { lazy, Suspense, useRef, type KeyboardEvent, type PointerEvent } from "react";
import { IconButton } from "../ui/Button";
import { cx } from "../ui/cx";
import { setPreference, usePreferences } from "./preferences";

const TerminalDrawer = lazy(() => import("../features/terminal/TerminalDrawer").then((module) => ({ default: module.TerminalDrawer })));
const ShellChoice = lazy(() => import("../features/terminal/ShellChoice").then((module) => ({ default: module.ShellChoice })));

const LEAST = 96;
const STEP = 24;
const TITLE = "flex-1 text-[12px] font-semibold";

interface DrawerProps {
  visible: boolean;
  /** In place of the page, not below it. */
  whole: boolean;
  onHide: () => void;
  onWhole: () => void;
  onClose: () => void;
}

/** The terminal below the page, or in its place. Hidden, it goes on; closed, its shell ends. */
export function Drawer({ visible, whole, onHide, onWhole, onClose }: DrawerProps) {
  const height = usePreferences((state) => state.drawer);
  const shell = usePreferences((state) => state.shell);
  const from = useRef<{ y: number; height: number } | null>(null);
  const resize = (to: number) => setPreference("drawer", Math.round(Math.max(LEAST, Math.min(to, window.innerHeight - 2 * LEAST))));
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    resize(height + (event.key === "ArrowUp" ? STEP : -STEP));
  };
  const onDown = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { y: event.clientY, height };
  };
  const onMove = (event: PointerEvent) => from.current && resize(from.current.height + from.current.y - event.clientY);
  return (
    <section role={whole ? "main" : undefined} aria-label="Terminal" style={whole ? undefined : { height }} className={cx("flex-col", whole ? "min-h-0 flex-1" : "max-h-[calc(100%-96px)] flex-none", visible ? "flex" : "hidden")}>
      {!whole && <div
        role="separator"
        aria-orientation="horizontal"
        aria-label="Height of the terminal"
        aria-valuenow={height}
        aria-valuemin={LEAST}
        tabIndex={0}
        onKeyDown={onKey}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={() => (from.current = null)}
        className="h-1 flex-none cursor-row-resize touch-none bg-line hover:bg-accent"
      />}
      <div className="flex h-7 flex-none items-center gap-1 border-b border-line bg-s1 pl-3 pr-2">
        {whole ? <h1 className={TITLE}>Terminal</h1> : <h2 className={TITLE}>Terminal</h2>}
        <Suspense fallback={null}><ShellChoice value={shell} onChange={(chosen) => setPreference("shell", chosen)} /></Suspense>
        {!whole && <IconButton label="On the whole page" onClick={onWhole}><Maximize2 size={13} aria-hidden="true" /></IconButton>}
        <IconButton label={whole ? "Back to the pages; the shell goes on below them" : "Hide; the shell goes on"} keys="Mod+`" onClick={onHide}><ChevronDown size={14} aria-hidden="true" /></IconButton>
        <IconButton label="End the shell and close" onClick={onClose}><X size={14} aria-hidden="true" /></IconButton>
      </div>
      <div className="min-h-0 flex-1"><Suspense fallback={null}><TerminalDrawer visible={visible} shell={shell} /></Suspense></div>
    </section>
  );
}
