import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";

export interface Tab {
  value: string;
  label: ReactNode;
}

/** A row of tabs; what they show is the caller's, in a `role="tabpanel"`. */
export function TabBar({ tabs, value, onChange, label }: { tabs: Tab[]; value: string; onChange: (value: string) => void; label: string }) {
  return (
    <Radix.Root value={value} onValueChange={onChange}>
      <Radix.List aria-label={label} className="flex h-8 gap-1 overflow-x-auto overflow-y-hidden [scrollbar-width:none]">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.value}
            value={tab.value}
            className="relative whitespace-nowrap px-2.5 focus-visible:-outline-offset-2 text-ui text-muted hover:text-fg data-[state=active]:font-semibold data-[state=active]:text-fg data-[state=active]:after:absolute data-[state=active]:after:inset-x-1 data-[state=active]:after:bottom-0 data-[state=active]:after:h-0.5 data-[state=active]:after:bg-accent"
          >
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        // Radix points the tabs at these; the panels themselves are drawn by the caller.
        <Radix.Content key={tab.value} value={tab.value} className="sr-only" tabIndex={-1} />
      ))}
    </Radix.Root>
  );
}
