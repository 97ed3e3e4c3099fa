import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/react/shallow";
import { ApiError } from "../../api/client";
import { useTopic } from "../../api/useTopic";
import { OpenFiles } from "./openFiles";
import { fileQuery, lookAgain, saveFile } from "./queries";
import { isWithin } from "./tabs";

const everyProject = new Map<string, OpenFiles>();

/** The open files of a project; `root` is its folder. */
export function openFilesOf(root: string): OpenFiles {
  const known = everyProject.get(root);
  if (known) return known;
  const made = new OpenFiles(`penstock.files.${root}`, { save: saveFile, look: lookAgain });
  everyProject.set(root, made);
  return made;
}

export function useOpenPaths(files: OpenFiles): readonly string[] {
  return useStore(files.store, (state) => state.paths);
}

/**
 * Follows the files on disk: that which is shown and all others that something was read of, so that a tab which is not
 * shown is told of what others write just as well. Answers with what is known of the one that is shown.
 */
export function useFollowedFiles(files: OpenFiles, shown: string) {
  const client = useQueryClient();
  const read = useStore(files.store, useShallow((state) => Object.keys(state.docs)));
  const paths = [...new Set([shown, ...read])];
  const answers = useQueries({ queries: paths.map(fileQuery) });

  useEffect(() => {
    answers.forEach(({ data, error, dataUpdatedAt }, index) => {
      const path = paths[index] ?? "";
      if (error instanceof ApiError && error.status === 404) files.gone(path);
      // Told by its moment: what is read of a file that came back may equal what was read before, to the object.
      else if (data && !error && data.content !== null) files.take(path, { content: data.content, revision: data.revision }, dataUpdatedAt);
    });
  });

  useTopic(
    "project",
    (events) => {
      const told = events.flatMap((event) => (event.type === "files_changed" ? (event.paths as { path: string; revision: string | null }[]) : []));
      for (const { path, revision } of told) {
        // Of a folder that goes nothing else may be told; and what was not read yet is read when it is.
        const concerned = paths.filter((one) => one === path || (revision === null && isWithin(one, path)));
        for (const one of concerned) {
          if (!files.isNews(one, one === path ? revision : null)) continue;
          const left = one === path && revision === null && files.get(one) !== undefined;
          if (left) {
            // An answer that is under way may be of the moment before, and would bring it back.
            void client.cancelQueries({ queryKey: ["file", one] });
            files.gone(one);
          }
          void client.invalidateQueries({ queryKey: ["file", one], refetchType: left ? "none" : "active" });
        }
        if (concerned.length === 0) void client.invalidateQueries({ queryKey: ["file", path], refetchType: "none" });
      }
    },
    () => lookAgain(),
  );
  return answers[0] as (typeof answers)[number];
}
