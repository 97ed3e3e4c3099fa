import type { RefObject } from "react";

/** Stands for the palette until it has been fetched: what is typed meanwhile is meant for it, and is no key of the page. */
export function PaletteWaiting({ typed, onClose }: { typed: RefObject<string>; onClose: () => void }) {
  return (
    <div className="fixed inset-0 z-40 bg-black/40">
      <div className="fixed left-1/2 top-[10vh] w-[calc(100vw-32px)] max-w-xl -translate-x-1/2 overflow-hidden rounded-card border border-line bg-s0 shadow-[var(--shadow)]">
        <input
          autoFocus
          aria-label="Commands and search"
          defaultValue={typed.current}
          onChange={(event) => (typed.current = event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && onClose()}
          className="h-11 w-full bg-transparent px-4 text-[14px] text-fg outline-none"
        />
      </div>
    </div>
  );
}
