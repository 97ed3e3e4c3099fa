import { X } from "lucide-react";
import { useEffect } from "react";
import { create } from "zustand";
import { ApiError } from "../api/client";
import { capital } from "../app/format";
import { IconButton } from "./Button";
import { cx } from "./cx";

interface Toast {
  id: number;
  text: string;
  hint?: string;
  tone: "info" | "failed";
  action?: { label: string; run: () => void };
  seconds: number;
}

const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }));
let next = 1;

export function toast(text: string, options: { hint?: string; action?: Toast["action"]; tone?: Toast["tone"]; seconds?: number } = {}): void {
  const one: Toast = { id: next++, text, tone: options.tone ?? "info", seconds: options.seconds ?? (options.action ? 12 : 5), ...options };
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts, one].slice(-4) }));
}

/** Tell of something that did not work, in the server's words. */
export function toastError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  toast(capital(message), { tone: "failed", hint: error instanceof ApiError ? error.hint : undefined, seconds: 12 });
}

function dismiss(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((one) => one.id !== id) }));
}

function ToastView({ one }: { one: Toast }) {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(one.id), one.seconds * 1000);
    return () => clearTimeout(timer);
  }, [one]);
  return (
    <div
      role={one.tone === "failed" ? "alert" : "status"}
      className={cx("pointer-events-auto flex max-w-md items-start gap-3 rounded-card border bg-s0 px-3 py-2 text-ui shadow-[var(--shadow)]", one.tone === "failed" ? "border-failed" : "border-line")}
    >
      <div className="min-w-0 flex-1">
        <p className="break-words">{one.text}</p>
        {one.hint && <p className="break-words text-muted">{one.hint}</p>}
      </div>
      {one.action && (
        <button
          type="button"
          className="font-semibold text-accent"
          onClick={() => {
            one.action?.run();
            dismiss(one.id);
          }}
        >
          {one.action.label}
        </button>
      )}
      <IconButton label="Dismiss" onClick={() => dismiss(one.id)} className="h-5 w-5">
        <X size={14} aria-hidden="true" />
      </IconButton>
    </div>
  );
}

export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <div className="pointer-events-none fixed bottom-4 left-1/2 z-50 flex -translate-x-1/2 flex-col items-center gap-2">
      {toasts.map((one) => (
        <ToastView key={one.id} one={one} />
      ))}
    </div>
  );
}
