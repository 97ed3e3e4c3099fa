import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, ApiError } from "../../api/client";
import { useTopic } from "../../api/useTopic";
import { toastError } from "../../ui/toasts";
import { type FileContent, useFile } from "./queries";

/** A file while it is edited: what was read, what was typed, and what somebody else has written meanwhile. */
export interface Document {
  text: string;
  /** What it was when the typing began. */
  base: string;
  /** Counts texts that came from elsewhere. */
  external: number;
  dirty: boolean;
  theirs: { content: string; revision: string } | null;
}

export function useDocument(path: string) {
  const client = useQueryClient();
  const file = useFile(path);
  const [held, setHeld] = useState<Document & { revision: string; path: string }>({ text: "", base: "", external: 0, dirty: false, theirs: null, revision: "", path: "" });
  const latest = useRef(held);
  latest.current = held;

  // What the server has is taken at once when nothing was typed; else it waits beside what was.
  useEffect(() => {
    const data = file.data;
    if (!data || data.content === null) return;
    const content = data.content;
    setHeld((now) => {
      if (now.path !== path || (!now.dirty && now.revision !== data.revision)) return { text: content, base: content, external: now.external + 1, dirty: false, theirs: null, revision: data.revision, path };
      if (now.dirty && now.revision !== data.revision && content !== now.text) return { ...now, theirs: { content, revision: data.revision } };
      return now;
    });
  }, [file.data, path]);

  useTopic(
    path ? "project" : null,
    (events) => {
      const touched = events.some((event) => event.type === "files_changed" && (event.paths as { path: string; revision: string | null }[]).some((one) => one.path === path && one.revision !== latest.current.revision));
      if (touched) void client.invalidateQueries({ queryKey: ["file", path] });
    },
    () => void client.invalidateQueries({ queryKey: ["file", path] }),
  );

  const save = useMutation({
    mutationFn: ({ text, revision }: { text: string; revision: string }) => api.put<{ revision: string }>("/files/content", { query: { path }, body: { content: text, revision } }),
    onSuccess: ({ revision }, { text }) => {
      setHeld((now) => ({ ...now, revision, base: text, dirty: now.text !== text, theirs: null }));
      client.setQueryData<FileContent>(["file", path], (before) => (before ? { ...before, content: text, revision } : before));
      void client.invalidateQueries({ queryKey: ["file-versions", path] });
      void client.invalidateQueries({ queryKey: ["git"] });
    },
    onError: (error) => {
      const details = error instanceof ApiError && error.status === 409 ? error.details : null;
      if (details && typeof details.content === "string") setHeld((now) => ({ ...now, theirs: { content: details.content as string, revision: String(details.revision) } }));
      else toastError(error);
    },
  });

  return {
    file,
    held,
    saving: save.isPending,
    type: (text: string) => setHeld((now) => ({ ...now, text, dirty: true })),
    save: () => {
      const now = latest.current;
      if (now.dirty && !now.theirs) save.mutate({ text: now.text, revision: now.revision });
    },
    takeTheirs: () => setHeld((now) => (now.theirs ? { ...now, text: now.theirs.content, base: now.theirs.content, external: now.external + 1, revision: now.theirs.revision, dirty: false, theirs: null } : now)),
    /** What was merged becomes the text, over what they wrote. */
    keep: (text: string) => {
      const theirs = latest.current.theirs;
      if (!theirs) return;
      setHeld((now) => ({ ...now, text, external: now.external + 1, revision: theirs.revision, dirty: true, theirs: null }));
      save.mutate({ text, revision: theirs.revision });
    },
    replace: (text: string) => setHeld((now) => ({ ...now, text, external: now.external + 1, dirty: true })),
  };
}
