import { useEffect } from "react";
import { everyText } from "../session/addOns";
import { useDetail, useDocument, useSession } from "../session/context";
import { MergeTexts } from "./MergeTexts";

/** Merges what somebody else made of a block's file with what was typed here. */
export function MergeDialog({ block }: { block: string }) {
  const session = useSession();
  const doc = useDocument(block, (one) => one);
  const language = useDetail((detail) => everyText(detail).find((one) => one.uuid === block)?.language) ?? "";
  const close = () => session.ui.setState({ merging: null });
  const gone = !doc?.theirs;
  useEffect(() => {
    if (gone) session.ui.setState({ merging: null });
  }, [gone, session]);
  if (!doc?.theirs) return null;
  const save = (text: string) => {
    void session.documents.resolve(block, text);
    close();
  };
  // A newer text of theirs begins the merge anew: what was decided was decided about another one.
  return <MergeTexts key={doc.theirs.revision} name={block} language={language} base={doc.base} mine={doc.mine} theirs={doc.theirs.content} onSave={save} onClose={close} />;
}
