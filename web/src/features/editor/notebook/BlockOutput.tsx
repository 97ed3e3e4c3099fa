import { memo, useMemo } from "react";
import type { BlockDetail, BlockStatus } from "../../../api/types";
import { childrenOf, fannedOut, tally } from "../../outputs/children";
import { OutputStrip } from "../../outputs/OutputStrip";
import { useRun } from "../../runs/queries";
import { useConsole, useDetail, useSession } from "../session/context";
import { useNavigation } from "../session/selection";
import { openPlace } from "../session/places";
import { isBusy, PRESSED } from "../status/patch";

/** What the last run of a block came to, under its code. */
export const BlockOutput = memo(function BlockOutput({ block, status }: { block: BlockDetail; status: BlockStatus }) {
  const session = useSession();
  const navigation = useNavigation();
  const console = useConsole(block.uuid);
  const busy = isBusy(status);
  // While it runs, what it prints stands for it; what an earlier run printed belongs to that one.
  const printed = console && (busy || console.run === status.run) ? console.lines : undefined;
  const shown = useMemo(() => (busy && printed ? { ...status, outputs: [], tests: [], failure: null } : status), [status, busy, printed]);
  const fanned = useDetail((detail) => fannedOut(detail.blocks).has(block.uuid)) ?? false;
  return (
    <>
      {fanned && status.run && status.run !== PRESSED && <ChildrenLine run={status.run} block={block.uuid} onShow={() => navigation.show({ block: block.uuid, tab: "data" })} />}
      <OutputStrip
        status={shown}
        printed={printed}
        onOpen={(file, line) => openPlace(session, navigation, file, line)}
        onShow={(output) => navigation.show({ block: block.uuid, tab: "data", output })}
        onLogs={() => navigation.show({ block: block.uuid, tab: "logs" })}
      />
    </>
  );
});

/** How the children of a block stand that runs once for each item; their outputs are at the right. */
function ChildrenLine({ run, block, onShow }: { run: string; block: string; onShow: () => void }) {
  const found = useRun(run);
  const children = useMemo(() => childrenOf(found.data?.blocks ?? [], block), [found.data, block]);
  if (children.length === 0) return null;
  return (
    <p className="px-3 pt-2 text-[12px]">
      <button type="button" className="tabular font-medium text-accent hover:underline" onClick={onShow}>{tally(children)}</button>
    </p>
  );
}
