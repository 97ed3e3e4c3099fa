import { memo } from "react";
import type { BlockDetail, BlockStatus } from "../../../api/types";
import { OutputStrip } from "../../outputs/OutputStrip";
import { useConsole, useSession } from "../session/context";
import { useNavigation } from "../session/selection";
import { openPlace } from "../session/places";

/** What the last run of a block came to, under its code. */
export const BlockOutput = memo(function BlockOutput({ block, status }: { block: BlockDetail; status: BlockStatus }) {
  const session = useSession();
  const navigation = useNavigation();
  const printed = useConsole(block.uuid);
  return (
    <OutputStrip
      status={status}
      printed={printed?.lines}
      onOpen={(file, line) => openPlace(session, navigation, file, line)}
      onShow={(output) => navigation.show({ block: block.uuid, tab: "data", output })}
      onLogs={() => navigation.show({ block: block.uuid, tab: "logs" })}
    />
  );
});
