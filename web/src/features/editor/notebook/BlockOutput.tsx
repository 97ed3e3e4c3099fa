import { memo, useMemo } from "react";
import type { BlockDetail, BlockStatus } from "../../../api/types";
import { OutputStrip } from "../../outputs/OutputStrip";
import { useConsole, useSession } from "../session/context";
import { useNavigation } from "../session/selection";
import { openPlace } from "../session/places";
import { isBusy } from "../status/patch";

/** What the last run of a block came to, under its code. */
export const BlockOutput = memo(function BlockOutput({ block, status }: { block: BlockDetail; status: BlockStatus }) {
  const session = useSession();
  const navigation = useNavigation();
  const console = useConsole(block.uuid);
  const busy = isBusy(status);
  // While it runs, what it prints stands for it; what an earlier run printed belongs to that one.
  const printed = console && (busy || console.run === status.run) ? console.lines : undefined;
  const shown = useMemo(() => (busy && printed ? { ...status, outputs: [], tests: [], failure: null } : status), [status, busy, printed]);
  return (
    <OutputStrip
      status={shown}
      printed={printed}
      onOpen={(file, line) => openPlace(session, navigation, file, line)}
      onShow={(output) => navigation.show({ block: block.uuid, tab: "data", output })}
      onLogs={() => navigation.show({ block: block.uuid, tab: "logs" })}
    />
  );
});
