import { Loader2 } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { showKeys } from "../app/commands";
import { cx } from "./cx";
import { Tooltip } from "./Tooltip";

type Look = "primary" | "normal" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  primary: "bg-accent text-on-accent border-transparent hover:brightness-110",
  normal: "bg-s0 text-fg border-line hover:bg-s2",
  quiet: "bg-transparent text-fg border-transparent hover:bg-s2",
  danger: "bg-s0 text-failed border-line hover:bg-failed-soft",
};

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  icon?: ReactNode;
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = "normal", icon, busy = false, children, className, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={cx(
        "inline-flex h-7 items-center justify-center gap-1.5 whitespace-nowrap rounded-control border px-2.5 text-ui font-medium disabled:cursor-not-allowed disabled:opacity-50",
        LOOKS[look],
        className,
      )}
    >
      {busy ? <Loader2 size={14} className="animate-spin" aria-hidden="true" /> : icon}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "children" | "icon"> {
  /** What it does: its tooltip and its name for screen readers. */
  label: string;
  keys?: string;
  children: ReactNode;
}

export function IconButton({ label, keys, children, className, look = "quiet", busy, ...rest }: IconButtonProps) {
  return (
    <Tooltip text={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        aria-keyshortcuts={keys ? showKeys(keys) : undefined}
        aria-busy={busy || undefined}
        {...rest}
        className={cx(
          "inline-flex h-6 w-6 flex-none items-center justify-center rounded-control border disabled:cursor-not-allowed disabled:opacity-40",
          LOOKS[look],
          className,
        )}
      >
        {children}
      </button>
    </Tooltip>
  );
}
