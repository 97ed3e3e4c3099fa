import { ChevronDown, Play, Square } from "lucide-react";
import type { BlockDetail } from "../../../api/types";
import { useMay } from "../../../app/permissions";
import { IconButton } from "../../../ui/Button";
import { Menu } from "../../../ui/Menu";
import { useSession } from "../session/context";
import { interrupt, runBlock } from "../session/running";

/** Runs a block; the arrow beside it says with what around it. While it runs, the button stops it. */
export function RunButton({ block, busy }: { block: BlockDetail; busy: boolean }) {
  const session = useSession();
  const mayRun = useMay("run");
  const run = (scope: Parameters<typeof runBlock>[2]) => void runBlock(session, block.uuid, scope);
  if (busy) {
    return (
      <IconButton label="Interrupt" keys="I I" look="normal" className="!text-failed" onClick={() => void interrupt(session, block.uuid)}>
        <Square size={11} fill="currentColor" aria-hidden="true" />
      </IconButton>
    );
  }
  if (block.type === "scratchpad") {
    return (
      <IconButton label="Run all cells" disabled={!mayRun} look="normal" className="!text-accent" onClick={() => run("alone")}>
        <Play size={13} fill="currentColor" aria-hidden="true" />
      </IconButton>
    );
  }
  return (
    <span className="inline-flex">
      <IconButton label="Run" disabled={!mayRun} keys="Mod+Enter" look="normal" className="!w-7 rounded-r-none !text-accent" onClick={() => run("alone")}>
        <Play size={13} fill="currentColor" aria-hidden="true" />
      </IconButton>
      <Menu
        align="end"
        items={[
          { label: "Run", keys: "Mod+Enter", onSelect: () => run("alone") },
          { label: "Run with everything before it", disabled: block.upstream.length === 0, onSelect: () => run("upstream") },
          { label: "Run with what is missing before it", hint: "Only upstream blocks that have no output yet", disabled: block.upstream.length === 0, onSelect: () => run("incomplete") },
          { label: "Run with everything after it", disabled: block.downstream.length === 0, onSelect: () => run("downstream") },
        ]}
      >
        <button type="button" disabled={!mayRun} aria-label="More ways to run" className="disabled:opacity-50 -ml-px inline-flex h-6 w-4 items-center justify-center rounded-r-control border border-line bg-s0 text-muted hover:bg-s2">
          <ChevronDown size={11} aria-hidden="true" />
        </button>
      </Menu>
    </span>
  );
}
