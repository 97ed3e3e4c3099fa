import { useQueryClient } from "@tanstack/react-query";
import { Eye, EyeOff, FilePlus, FileX2, FolderPlus, GitBranch, Upload, X } from "lucide-react";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { apiUrl } from "../../api/client";
import { Button, IconButton } from "../../ui/Button";
import { Input } from "../../ui/fields";
import type { MenuItem } from "../../ui/Menu";
import { toastError } from "../../ui/toasts";
import { NameDialog, type Asking } from "./NameDialog";
import { useGitStatus, type FileEntry } from "./queries";
import { TextHits } from "./TextHits";
import { Tree } from "./Tree";
import { UnusedFiles } from "./UnusedFiles";
import type { FileActions } from "./useFileActions";

interface Props {
  shown: string;
  actions: FileActions;
  unused: boolean;
  onUnused: (unused: boolean) => void;
  onOpen: (paths: string[], line?: number) => void;
}

/** The project's files at the left: the tree, the search for text, or the block files that nothing uses. */
export function TreePane({ shown, actions, unused, onUnused, onOpen }: Props) {
  const client = useQueryClient();
  const [hidden, setHidden] = useState(false);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [text, setText] = useState("");
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const query = useDeferredValue(text.trim());
  const picker = useRef<HTMLInputElement>(null);
  const folder = useRef("");
  const git = useGitStatus();
  useEffect(() => {
    setMarked(new Set(shown ? [shown] : []));
  }, [shown]);
  const upload = (base: string) => {
    folder.current = base;
    picker.current?.click();
  };
  const newFile = (base: string) => setAsking({ title: "New file", label: "Path in the project", value: base ? `${base}/` : "", button: "Create", run: actions.newFile });
  const newFolder = (base: string) => setAsking({ title: "New folder", label: "Path in the project", value: base ? `${base}/` : "", button: "Create", run: actions.newFolder });
  const isFolder = (path: string) => {
    const level = client.getQueryData<{ entries: FileEntry[] }>(["files", path.split("/").slice(0, -1).join("/")]);
    return level?.entries.some((entry) => entry.path === path && entry.kind === "folder") ?? false;
  };
  const several = [...marked];
  const openable = several.filter((path) => !isFolder(path));
  const menuOf = (entry: FileEntry): MenuItem[] => {
    if (several.length > 1 && marked.has(entry.path)) {
      return [
        { label: openable.length === 1 ? "Open 1 file" : `Open ${openable.length} files`, disabled: openable.length === 0, onSelect: () => onOpen(openable) },
        { separator: true },
        { label: `Delete ${several.length} items`, danger: true, onSelect: () => void actions.remove(several) },
      ];
    }
    const base = entry.kind === "folder" ? entry.path : entry.path.split("/").slice(0, -1).join("/");
    return [
      ...(entry.kind === "folder" ? [] : [{ label: "Open", onSelect: () => onOpen([entry.path]) }]),
      { label: "New file here", onSelect: () => newFile(base) },
      { label: "New folder here", onSelect: () => newFolder(base) },
      { label: "Upload here", onSelect: () => upload(base) },
      { separator: true },
      { label: "Rename or move", onSelect: () => setAsking({ title: `Rename or move ${entry.name}`, label: "New path in the project", value: entry.path, button: "Move", run: (to) => actions.move(entry.path, to) }) },
      { label: "Copy path", onSelect: () => void navigator.clipboard.writeText(entry.path) },
      { label: entry.kind === "folder" ? "Download as zip" : "Download", onSelect: () => window.location.assign(apiUrl("/files/download", { path: entry.path })) },
      { separator: true },
      { label: "Delete", danger: true, onSelect: () => void actions.remove([entry.path]) },
    ];
  };
  const status = git.data;
  return (
    <div className="flex h-full flex-col border-r border-line">
      <div className="flex h-9 flex-none items-center gap-0.5 border-b border-line px-2">
        <Input value={text} onChange={(event) => setText(event.target.value)} placeholder="Find in files" aria-label="Find in files" className="mr-1 min-w-0" />
        <IconButton label="New file" onClick={() => newFile("")}><FilePlus size={14} aria-hidden="true" /></IconButton>
        <IconButton label="New folder" onClick={() => newFolder("")}><FolderPlus size={14} aria-hidden="true" /></IconButton>
        <IconButton label="Upload" onClick={() => upload("")}><Upload size={14} aria-hidden="true" /></IconButton>
        <IconButton label={hidden ? "Leave out hidden files" : "Show hidden files"} onClick={() => setHidden(!hidden)}>{hidden ? <Eye size={14} aria-hidden="true" /> : <EyeOff size={14} aria-hidden="true" />}</IconButton>
        <IconButton label="Unused block files" aria-pressed={unused} className={unused ? "!text-accent" : undefined} onClick={() => onUnused(!unused)}><FileX2 size={14} aria-hidden="true" /></IconButton>
      </div>
      {query.length <= 1 && unused && <Bar text="Unused block files" onEnd={() => onUnused(false)} end="Show all files" />}
      {query.length <= 1 && !unused && several.length > 1 && (
        <Bar text={`${several.length} marked`} onEnd={() => setMarked(new Set())} end="Unmark">
          <Button className="!h-6" disabled={openable.length === 0} onClick={() => onOpen(openable)}>Open</Button>
          <Button className="!h-6" look="danger" onClick={() => void actions.remove(several)}>Delete</Button>
        </Bar>
      )}
      <div className="min-h-0 flex-1 overflow-y-auto">
        {query.length > 1 ? (
          <TextHits query={query} onOpen={(path, line) => onOpen([path], line)} />
        ) : unused ? (
          <UnusedFiles shown={shown} onOpen={onOpen} onDelete={actions.remove} />
        ) : (
          <Tree shown={shown} marked={marked} hidden={hidden} onMark={(paths) => setMarked(new Set(paths))} onOpen={onOpen} menuOf={menuOf} onMove={(paths, to) => void actions.moveInto(paths, to).catch(toastError)} />
        )}
      </div>
      {status?.repository && (
        <div className="flex h-7 flex-none items-center gap-2 border-t border-line px-3 text-[12px] text-muted">
          <GitBranch size={13} aria-hidden="true" />
          <span className="truncate">{status.branch ?? "no branch"}</span>
          <span className="ml-auto tabular">{status.changed.length > 0 ? `${status.changed.length} changed` : "nothing changed"}</span>
        </div>
      )}
      <input ref={picker} type="file" multiple hidden onChange={(event) => { if (event.target.files) void actions.upload(event.target.files, folder.current); event.target.value = ""; }} />
      {asking && <NameDialog asking={asking} onClose={() => setAsking(null)} />}
    </div>
  );
}

function Bar({ text, onEnd, end, children }: { text: string; onEnd: () => void; end: string; children?: React.ReactNode }) {
  return (
    <div className="flex h-8 flex-none items-center gap-1 border-b border-line bg-accent-soft px-2 text-ui">
      <span className="mr-auto truncate font-medium">{text}</span>
      {children}
      <IconButton label={end} onClick={onEnd}><X size={14} aria-hidden="true" /></IconButton>
    </div>
  );
}
