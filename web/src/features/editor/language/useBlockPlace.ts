import { useMemo } from "react";
import type { BlockDetail } from "../../../api/types";
import { everyText } from "../session/addOns";
import { useSession } from "../session/context";
import { openPlace } from "../session/places";
import { useNavigation } from "../session/selection";
import type { LanguagePlace } from ".";
import { edited, saveEdits, type FileEdits } from "./edits";

/** What an editor of a block is told: its file, and what to do when code of another file is to be shown or changed. */
export function useBlockPlace(block: BlockDetail): LanguagePlace {
  const session = useSession();
  const navigation = useNavigation();
  const { uuid, file, language } = block;
  return useMemo(() => {
    const here = (path: string) => session.detail && everyText(session.detail).find((one) => one.file === path && session.documents.get(one.uuid));
    return {
      path: file,
      language,
      pipeline: session.pipeline,
      block: uuid,
      onOpenFile: (path, line) => openPlace(session, navigation, path, line),
      onEdits: async (files: FileEdits[]) => {
        // A text that is open here is changed here, with what is unsaved in it; others in their files.
        for (const { path, edits } of files) {
          const open = here(path);
          const doc = open && session.documents.get(open.uuid);
          if (open && doc) session.documents.replace(open.uuid, edited(doc.mine, edits));
        }
        const failed = await saveEdits(files.filter(({ path }) => !here(path)));
        if (failed.length > 0) throw new Error(`Not renamed in ${failed.map(({ path, reason }) => `${path} (${reason})`).join(", ")}.`);
      },
    } satisfies LanguagePlace;
  }, [session, navigation, uuid, file, language]);
}
