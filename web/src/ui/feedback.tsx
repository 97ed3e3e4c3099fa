import { AlertTriangle, Loader2 } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { capital } from "../app/format";
import { cx } from "./cx";

export function Spinner({ label = "Loading" }: { label?: string }) {
  return (
    <span role="status" className="inline-flex items-center gap-2 text-muted">
      <Loader2 size={14} className="animate-spin" aria-hidden="true" />
      <span>{label}…</span>
    </span>
  );
}

/** A bar for work whose extent is known, 0 to 1. */
export function Progress({ value, label }: { value: number; label: string }) {
  const share = Math.max(0, Math.min(1, value));
  return (
    <div role="progressbar" aria-label={label} aria-valuenow={Math.round(share * 100)} aria-valuemin={0} aria-valuemax={100} className="h-1.5 w-full overflow-hidden rounded-full bg-s3">
      <div className="h-full bg-accent" style={{ width: `${share * 100}%` }} />
    </div>
  );
}

/** What a place shows that has nothing in it yet: why, and the action that leads on. */
export function EmptyState({ icon, title, children, action, page }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode; /** It is all there is on the page. */ page?: boolean }) {
  const Title = page ? "h1" : "h2";
  return (
    <div className="flex h-full min-h-40 flex-col items-center justify-center gap-2 p-6 text-center">
      {icon && <div className="text-muted">{icon}</div>}
      <Title className="text-title font-semibold">{title}</Title>
      {children && <div className="max-w-md text-ui text-muted">{children}</div>}
      {action && <div className="mt-2 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

/** An error as the server tells it: the sentence, what to do next, the code. */
export function ErrorCard({ error, action, className }: { error: unknown; action?: ReactNode; className?: string }) {
  const known = error instanceof ApiError ? error : null;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div role="alert" className={cx("flex gap-2 rounded-card border border-line bg-failed-soft p-3 text-ui", className)}>
      <AlertTriangle size={16} className="mt-px flex-none text-failed" aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <p className="break-words font-medium">{capital(message)}</p>
        {known?.hint && <p className="mt-0.5 break-words">{known.hint}</p>}
        {known?.location && (
          <p className="mt-0.5 font-mono text-code text-muted">
            {known.location.file}
            {known.location.line ? `:${known.location.line}` : ""}
          </p>
        )}
        {action && <div className="mt-2 flex gap-2">{action}</div>}
      </div>
      {known?.code && <span className="text-meta text-muted">{known.code}</span>}
    </div>
  );
}
