import { lazy, Suspense, useCallback, useMemo } from "react";
import type { BlockDetail } from "../../../api/types";
import { StaticCode } from "../code/StaticCode";
import { isDirty } from "../documents/machine";
import { useBlockPlace } from "../language/useBlockPlace";
import { useDocument, useSession, useUi } from "../session/context";
import { NoText } from "./GoneBar";

const LanguageEditor = lazy(() => import("../language/LanguageEditor"));

interface Props {
  block: BlockDetail;
  near: boolean;
  /** The cursor leaves the editor: Escape, or past its first or last line. */
  onLeave: (step: 0 | 1 | -1) => void;
}

/** The code of a block: an editor where it can be seen, plain text of the same size elsewhere. */
export function CodeArea({ block, near, onLeave }: Props) {
  const session = useSession();
  const uuid = block.uuid;
  const place = useBlockPlace(block);
  const external = useDocument(uuid, (doc) => doc?.external ?? -1);
  const leftover = useDocument(uuid, (doc) => doc?.gone === true && !isDirty(doc));
  const focus = useUi((ui) => (ui.focus?.block === uuid && !ui.focus.rename ? (ui.focus.line ?? 0) : null));
  const keys = useMemo(() => ({ leave: () => onLeave(0), beyond: (step: 1 | -1) => onLeave(step) }), [onLeave]);
  const change = useCallback((text: string) => session.documents.type(uuid, text), [session, uuid]);
  const freeze = useCallback((frozen: unknown) => session.editors.set(uuid, frozen), [session, uuid]);
  const focused = useCallback(() => session.ui.setState({ focus: null }), [session]);
  if (block.content === null && external < 0) {
    return <NoText block={block} />;
  }
  if (leftover) return <div className="bg-s1"><StaticCode text={session.documents.get(uuid)?.mine ?? ""} /></div>;
  const text = session.documents.get(uuid)?.mine ?? block.content ?? "";
  if (external < 0 || (!near && focus === null)) return <StaticCode text={text} />;
  return (
    <Suspense fallback={<StaticCode text={text} />}>
      <LanguageEditor
        // A name is part of what the editor says and saves to: another one makes another editor, with the same history.
        key={uuid}
        text={text}
        external={external}
        place={place}
        label={`Code of ${block.name}`}
        keys={keys}
        focus={focus}
        onFocused={focused}
        onChange={change}
        frozen={session.editors.get(uuid)}
        onFreeze={freeze}
      />
    </Suspense>
  );
}
