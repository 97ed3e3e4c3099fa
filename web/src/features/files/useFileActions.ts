import { useQueryClient } from "@tanstack/react-query";
import { api, segment } from "../../api/client";
import { bytes, counted } from "../../app/format";
import { toast, toastError } from "../../ui/toasts";
import type { Closed, OpenFiles } from "./openFiles";
import { isWithin, shownAfter, topmost } from "./tabs";

/** Shows a file in the page's address; "" shows none. `instead` leaves no step back to what is shown now. */
export type Show = (path: string, options?: { line?: number; instead?: boolean }) => Promise<void>;

const join = (folder: string, name: string) => (folder ? `${folder}/${name}` : name);

/** What the page does with files; tabs follow. */
export function useFileActions(files: OpenFiles, shown: string, show: Show) {
  const client = useQueryClient();
  const refresh = () => {
    void client.invalidateQueries({ queryKey: ["files"] });
    void client.invalidateQueries({ queryKey: ["git"] });
  };

  /** Takes tabs away, and shows another file first when one of them is shown. */
  const without = async (paths: readonly string[]) => {
    const next = shownAfter(files.paths, new Set(paths), shown);
    if (next !== shown && next !== "") await show(next, { instead: true });
    const closed = files.close(paths);
    if (next === "") await show("", { instead: true });
    return closed;
  };

  /** Closes tabs once their saves have ended; what is unsaved then can be brought back. */
  const close = async (paths: readonly string[]) => {
    await files.settled((path) => paths.includes(path));
    const held = (await without(paths)).filter(({ doc }) => doc);
    if (held.length === 0) return;
    const what = held.length === 1 ? `Closed ${held[0]?.path ?? ""} with unsaved text.` : `Closed ${held.length} files with unsaved text.`;
    toast(what, { seconds: 20, action: { label: "Undo", run: () => reopen(held) } });
  };
  const reopen = (closed: readonly Closed[]) => {
    files.reopen(closed);
    const last = closed.at(-1);
    if (last) void show(last.path);
  };

  const remove = async (chosen: readonly string[]) => {
    const tokens: string[] = [];
    const gone: string[] = [];
    let closed: Closed[] = [];
    await files.apart(chosen, async () => {
      for (const path of topmost(chosen)) {
        try {
          tokens.unshift((await api.del<{ undo: string }>("/files", { query: { path } })).undo);
          gone.push(path);
        } catch (error) {
          toastError(error);
        }
      }
      // A tab with unsaved text stays, and says that its file is gone.
      const unsaved = new Set(files.dirty());
      closed = await without(files.paths.filter((path) => !unsaved.has(path) && gone.some((top) => isWithin(path, top))));
    });
    for (const path of files.paths) if (gone.some((top) => isWithin(path, top))) files.gone(path);
    refresh();
    if (gone.length === 0) return;
    const back = async () => {
      for (const token of tokens) await api.post(`/undo/${segment(token)}`).catch(toastError);
      refresh();
      files.reopen(closed);
      if (closed.some(({ path }) => path === shown)) await show(shown);
    };
    const name = gone[0]?.split("/").at(-1) ?? "";
    toast(gone.length === 1 ? `Deleted ${name}.` : `Deleted ${counted(gone.length, "item")}.`, { seconds: 20, action: { label: "Undo", run: () => void back() } });
  };

  const move = (from: string, to: string) =>
    files.follow(from, to, async () => {
      const { pipelines } = await api.post<{ path: string; pipelines: string[] }>("/files/move", { body: { from, to } });
      refresh();
      if (pipelines.length > 0) toast(`Moved; ${pipelines.join(", ")} follow${pipelines.length === 1 ? "s" : ""} it.`);
    });

  return {
    close,
    reopen,
    remove,
    refresh,
    /** Renames or moves; what is shown stays so under its new path. */
    move: async (from: string, to: string) => {
      await move(from, to);
      if (isWithin(shown, from)) await show(files.shown, { instead: true });
    },
    moveInto: async (paths: readonly string[], folder: string) => {
      for (const path of topmost(paths)) {
        const to = join(folder, path.split("/").at(-1) ?? path);
        if (to !== path) await move(path, to).catch(toastError);
      }
      if (files.shown !== shown) await show(files.shown, { instead: true });
    },
    newFile: async (path: string) => {
      await api.put("/files/content", { query: { path }, body: { content: "", revision: null } });
      refresh();
      await show(path);
    },
    newFolder: async (path: string) => {
      await api.post("/files/folder", { body: { path } });
      refresh();
    },
    upload: async (chosen: FileList, folder: string) => {
      for (const file of chosen) {
        const path = join(folder, file.name);
        try {
          await api.put("/files/upload", { query: { path }, bytes: file, contentType: "application/octet-stream" });
          toast(`Uploaded ${path} (${bytes(file.size)}).`, { seconds: 3 });
        } catch (error) {
          toastError(error);
        }
      }
      refresh();
    },
  };
}

export type FileActions = ReturnType<typeof useFileActions>;
