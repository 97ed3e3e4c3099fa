import { ContextMenu as RadixContext, DropdownMenu as Radix } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import { cx } from "./cx";
import { Kbd } from "./Kbd";

/** One entry of a menu; `items` makes it open another one. */
export type MenuItem =
  | { separator: true }
  | { heading: string }
  | {
      label: string;
      icon?: ReactNode;
      keys?: string;
      danger?: boolean;
      disabled?: boolean;
      /** Set for entries that are on or off. */
      checked?: boolean;
      hint?: string;
      onSelect?: () => void;
      items?: MenuItem[];
    };

const PANEL = "z-50 min-w-44 max-w-80 max-h-[min(80vh,var(--radix-popper-available-height,80vh))] overflow-y-auto rounded-card border border-line bg-s0 p-1 text-ui text-fg shadow-[var(--shadow)] outline-none";
const ENTRY = "flex w-full select-none items-center gap-2 rounded-control px-2 py-1 outline-none data-[disabled]:opacity-40 data-[highlighted]:bg-s2";

type Parts = Pick<typeof Radix, "Item" | "Separator" | "Label" | "Sub" | "SubTrigger" | "SubContent" | "Portal" | "CheckboxItem" | "ItemIndicator">;

function Entries({ items, parts }: { items: MenuItem[]; parts: Parts }) {
  return items.map((item, index) => {
    if ("separator" in item) return <parts.Separator key={index} className="my-1 h-px bg-line" />;
    if ("heading" in item) {
      return <parts.Label key={index} className="break-words px-2 py-1 text-meta font-semibold text-muted">{item.heading}</parts.Label>;
    }
    const inside = (
      <>
        <span className="flex w-4 justify-center text-muted">{item.checked ? "✓" : item.icon}</span>
        <span className="min-w-0 flex-1 text-left">
          {item.label}
          {item.hint && <span className="block text-meta text-muted">{item.hint}</span>}
        </span>
        {item.keys && <Kbd keys={item.keys} />}
        {item.items && <span className="text-muted" aria-hidden="true">›</span>}
      </>
    );
    if (item.items) {
      return (
        <parts.Sub key={index}>
          <parts.SubTrigger disabled={item.disabled} className={ENTRY}>{inside}</parts.SubTrigger>
          <parts.Portal>
            <parts.SubContent className={PANEL} collisionPadding={8}><Entries items={item.items} parts={parts} /></parts.SubContent>
          </parts.Portal>
        </parts.Sub>
      );
    }
    return (
      <parts.Item key={index} disabled={item.disabled} onSelect={item.onSelect} className={cx(ENTRY, item.danger && "text-failed")}>
        {inside}
      </parts.Item>
    );
  });
}

export function Menu({ items, children, align = "start" }: { items: MenuItem[]; children: ReactElement; align?: "start" | "end" }) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align={align} sideOffset={4} collisionPadding={8} className={PANEL}>
          <Entries items={items} parts={Radix} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function ContextMenu({ items, children }: { items: MenuItem[]; children: ReactElement }) {
  return (
    <RadixContext.Root modal={false}>
      <RadixContext.Trigger asChild>{children}</RadixContext.Trigger>
      <RadixContext.Portal>
        <RadixContext.Content collisionPadding={8} className={PANEL}>
          <Entries items={items} parts={RadixContext as unknown as Parts} />
        </RadixContext.Content>
      </RadixContext.Portal>
    </RadixContext.Root>
  );
}
