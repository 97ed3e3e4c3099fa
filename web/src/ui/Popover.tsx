import { Popover as Radix } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import { cx } from "./cx";

interface Props {
  trigger: ReactElement;
  children: ReactNode;
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  align?: "start" | "center" | "end";
  className?: string;
  label?: string;
  /** Prevent it where the focus has gone elsewhere on purpose; by default it goes back to what opened this. */
  onCloseAutoFocus?: (event: Event) => void;
}

export function Popover({ trigger, children, open, onOpenChange, align = "start", className, label, onCloseAutoFocus }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          onCloseAutoFocus={onCloseAutoFocus}
          className={cx("z-40 max-h-[70vh] overflow-y-auto rounded-card border border-line bg-s0 p-3 text-ui text-fg shadow-[var(--shadow)]", className)}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
