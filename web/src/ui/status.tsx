import { AlertTriangle, Ban, Check, CircleDashed, Clock, Loader2, X, type LucideIcon } from "lucide-react";
import { cx } from "./cx";

export type Tone = "ok" | "running" | "failed" | "waiting" | "stale";

interface Look {
  word: string;
  icon: LucideIcon;
  tone: Tone;
}

/** How every state of a block or a run looks: always colour, icon and word. */
export const STATES: Record<string, Look> = {
  never: { word: "not run yet", icon: CircleDashed, tone: "waiting" },
  not_started: { word: "not started", icon: CircleDashed, tone: "waiting" },
  initial: { word: "waiting", icon: Clock, tone: "waiting" },
  queued: { word: "queued", icon: Clock, tone: "running" },
  running: { word: "running", icon: Loader2, tone: "running" },
  completed: { word: "done", icon: Check, tone: "ok" },
  skipped: { word: "up to date", icon: Check, tone: "ok" },
  failed: { word: "failed", icon: X, tone: "failed" },
  upstream_failed: { word: "not run", icon: Ban, tone: "failed" },
  condition_failed: { word: "left out", icon: Ban, tone: "waiting" },
  cancelled: { word: "cancelled", icon: Ban, tone: "waiting" },
  interrupted: { word: "interrupted", icon: AlertTriangle, tone: "failed" },
  stale: { word: "stale", icon: AlertTriangle, tone: "stale" },
};

const TEXT: Record<Tone, string> = { ok: "text-ok", running: "text-running", failed: "text-failed", waiting: "text-waiting", stale: "text-stale" };
const SOFT: Record<Tone, string> = {
  ok: "bg-ok-soft text-ok",
  running: "bg-running-soft text-running",
  failed: "bg-failed-soft text-failed",
  waiting: "bg-waiting-soft text-muted",
  stale: "bg-stale-soft text-stale",
};

export function lookOf(state: string): Look {
  return STATES[state] ?? { word: state.replaceAll("_", " "), icon: CircleDashed, tone: "waiting" };
}

export function StatusBadge({ state, title, plain }: { state: string; title?: string; plain?: boolean }) {
  const look = lookOf(state);
  const Icon = look.icon;
  return (
    <span
      title={title}
      className={cx(
        "inline-flex items-center gap-1 whitespace-nowrap text-[12px] font-medium",
        plain ? TEXT[look.tone] : cx("rounded-control px-1.5 py-px", SOFT[look.tone]),
      )}
    >
      <Icon size={12} aria-hidden="true" className={state === "running" ? "animate-spin" : undefined} />
      {look.word}
    </span>
  );
}

export function Badge({ children, tone, title }: { children: React.ReactNode; tone?: Tone; title?: string }) {
  return (
    <span title={title} className={cx("inline-flex items-center rounded-control px-1.5 py-px text-meta font-medium", tone ? SOFT[tone] : "bg-s2 text-muted")}>
      {children}
    </span>
  );
}
