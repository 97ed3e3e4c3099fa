import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { FolderTree } from "lucide-react";
import { useEffect, useState } from "react";
import { projectQuery } from "../../api/queryClient";
import { useCommands } from "../../app/commands";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { SplitPane } from "../../ui/SplitPane";
import { FileTabs, PANEL_ID, tabId } from "./FileTabs";
import { FileView } from "./FileView";
import type { OpenFiles } from "./openFiles";
import { shownAfter } from "./tabs";
import { TreePane } from "./TreePane";
import { useFileActions, type Show } from "./useFileActions";
import { openFilesOf, useFollowedFiles, useOpenPaths } from "./useOpenFiles";

const route = getRouteApi("/files");

/** The project's files: tree, search, tabs with an editor each, versions, git. */
export function FilesPage() {
  const project = useQuery(projectQuery);
  if (project.error) return <ErrorCard className="m-6" error={project.error} />;
  if (!project.data) return <div className="p-6"><Spinner /></div>;
  return <Files files={openFilesOf(project.data.root)} />;
}

function Files({ files }: { files: OpenFiles }) {
  const { path = "", line } = route.useSearch();
  const navigate = useNavigate({ from: "/files" });
  const [entering, setEntering] = useState("");
  const [unused, setUnused] = useState(false);
  const open = useOpenPaths(files);
  const answer = useFollowedFiles(files, path);
  const show: Show = (file, { line: at, instead } = {}) => navigate({ search: file ? { path: file, line: at } : {}, replace: instead });
  const actions = useFileActions(files, path, show);

  // Whoever comes without saying which file finds the one that was shown last.
  useEffect(() => {
    if (path) files.show(path);
    else if (files.paths.length > 0) void navigate({ search: { path: files.paths.includes(files.shown) ? files.shown : files.paths[0] }, replace: true });
  }, [files, path, navigate]);

  const openAll = (paths: string[], at?: number) => {
    const last = paths.at(-1);
    if (last === undefined) return;
    files.add(paths);
    void show(last, { line: at });
  };
  const step = (by: 1 | -1) => {
    const next = open[(open.indexOf(path) + by + open.length) % open.length];
    if (!next) return;
    setEntering(next);
    void show(next, { instead: true });
  };
  const several = open.length > 1;
  useCommands([
    { id: "close-file", title: "Close the file", group: "Files", keys: ["Alt+W"], inText: true, enabled: path !== "", run: () => {
      // Whoever closes from within a text goes on in the next one.
      setEntering(shownAfter(open, new Set([path]), path));
      void actions.close([path]);
    } },
    { id: "next-file", title: "Next open file", group: "Files", keys: ["Alt+PageDown"], inText: true, enabled: several, run: () => step(1) },
    { id: "previous-file", title: "Previous open file", group: "Files", keys: ["Alt+PageUp"], inText: true, enabled: several, run: () => step(-1) },
    { id: "reopen-file", title: "Open again what was closed last", group: "Files", keys: ["Alt+Shift+T"], inText: true, run: () => actions.reopen(files.closed.slice(-1)) },
    { id: "save-files", title: "Save all open files", group: "Files", run: () => void files.saveAll() },
    { id: "unused-files", title: unused ? "Show all files" : "Unused block files", group: "Files", run: () => setUnused(!unused) },
  ]);
  return (
    <div className="h-full" onDragOver={(event) => event.dataTransfer.types.includes("Files") && event.preventDefault()} onDrop={(event) => {
      if (event.dataTransfer.files.length === 0) return;
      event.preventDefault();
      void actions.upload(event.dataTransfer.files, "");
    }}>
      <h1 className="sr-only">Files</h1>
      <SplitPane name="files" panes={[
        { id: "tree", size: 24, min: 14, content: <TreePane shown={path} actions={actions} unused={unused} onUnused={setUnused} onOpen={openAll} /> },
        { id: "file", size: 76, min: 30, content: (
          <div className="flex h-full min-h-0 flex-col">
            <FileTabs
              files={files}
              shown={path}
              onShow={(file, enter) => {
                if (enter) setEntering(file);
                if (file !== path) void show(file, { instead: !enter });
              }}
              onClose={(paths) => void actions.close(paths)}
            />
            {path ? (
              <div id={PANEL_ID} role="tabpanel" aria-labelledby={open.includes(path) ? tabId(path) : undefined} className="min-h-0 flex-1">
                <FileView key={path} path={path} files={files} answer={answer} line={line} enter={entering === path} onEntered={() => setEntering("")} onClose={() => void actions.close([path])} />
              </div>
            ) : (
              <div className="min-h-0 flex-1">
                <EmptyState icon={<FolderTree size={36} aria-hidden="true" />} title="Open a file">Pick one at the left, or several with Ctrl or Shift; drop files here to upload them. Everything in the project is a plain file; other programs may change them at the same time.</EmptyState>
              </div>
            )}
          </div>
        ) },
      ]} />
    </div>
  );
}
