import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { Eye, EyeOff, FilePlus, FolderPlus, FolderTree, GitBranch, Upload } from "lucide-react";
import { useDeferredValue, useRef, useState } from "react";
import { api, apiUrl, segment, send } from "../../api/client";
import { bytes } from "../../app/format";
import { IconButton } from "../../ui/Button";
import { EmptyState, Spinner } from "../../ui/feedback";
import { Input } from "../../ui/fields";
import type { MenuItem } from "../../ui/Menu";
import { SplitPane } from "../../ui/SplitPane";
import { toast, toastError } from "../../ui/toasts";
import { FileView } from "./FileView";
import { NameDialog, type Asking } from "./NameDialog";
import { useGitStatus, type FileEntry } from "./queries";
import { Tree } from "./Tree";

const route = getRouteApi("/files");

interface Hit {
  path: string;
  line: number;
  column: number;
  text: string;
}

/** The project's files: tree, search, editor, versions, git. */
export function FilesPage() {
  const { path = "", line } = route.useSearch();
  const navigate = useNavigate({ from: "/files" });
  const client = useQueryClient();
  const [hidden, setHidden] = useState(false);
  const [asking, setAsking] = useState<Asking | null>(null);
  const [text, setText] = useState("");
  const query = useDeferredValue(text.trim());
  const picker = useRef<HTMLInputElement>(null);
  const folder = useRef("");
  const git = useGitStatus();
  const open = (file: string, at?: number) => void navigate({ search: { path: file, line: at } });
  const refresh = () => {
    void client.invalidateQueries({ queryKey: ["files"] });
    void client.invalidateQueries({ queryKey: ["git"] });
  };
  const join = (base: string, name: string) => (base ? `${base}/${name}` : name);
  const move = async (from: string, to: string) => {
    const { pipelines } = await api.post<{ path: string; pipelines: string[] }>("/files/move", { body: { from, to } });
    refresh();
    if (path === from) open(to);
    if (pipelines.length > 0) toast(`Moved; ${pipelines.join(", ")} follow${pipelines.length === 1 ? "s" : ""} it.`);
  };
  const newFile = (base: string) =>
    setAsking({ title: "New file", label: "Path in the project", value: base ? `${base}/` : "", button: "Create", run: async (to) => {
      await api.put("/files/content", { query: { path: to }, body: { content: "", revision: null } });
      refresh();
      open(to);
    } });
  const newFolder = (base: string) =>
    setAsking({ title: "New folder", label: "Path in the project", value: base ? `${base}/` : "", button: "Create", run: async (to) => {
      await api.post("/files/folder", { body: { path: to } });
      refresh();
    } });
  const remove = (entry: FileEntry) =>
    api.del<{ undo: string }>("/files", { query: { path: entry.path } }).then(({ undo }) => {
      refresh();
      if (path === entry.path) void navigate({ search: {} });
      toast(`Deleted ${entry.name}.`, { action: { label: "Undo", run: () => void api.post(`/undo/${segment(undo)}`).then(refresh, toastError) } });
    }, toastError);
  const upload = async (files: FileList, replace = false) => {
    for (const file of files) {
      const to = join(folder.current, file.name);
      try {
        await send("PUT", "/files/upload", { query: { path: to, replace: replace || undefined }, bytes: file, contentType: "application/octet-stream" });
        toast(`Uploaded ${to} (${bytes(file.size)}).`, { seconds: 3 });
      } catch (error) {
        toastError(error);
      }
    }
    refresh();
  };
  const menuOf = (entry: FileEntry): MenuItem[] => {
    const base = entry.kind === "folder" ? entry.path : entry.path.split("/").slice(0, -1).join("/");
    return [
      ...(entry.kind === "folder" ? [] : [{ label: "Open", onSelect: () => open(entry.path) }]),
      { label: "New file here", onSelect: () => newFile(base) },
      { label: "New folder here", onSelect: () => newFolder(base) },
      { label: "Upload here", onSelect: () => { folder.current = base; picker.current?.click(); } },
      { separator: true },
      { label: "Rename or move", onSelect: () => setAsking({ title: `Rename or move ${entry.name}`, label: "New path in the project", value: entry.path, button: "Move", run: (to) => move(entry.path, to) }) },
      { label: "Copy path", onSelect: () => void navigator.clipboard.writeText(entry.path) },
      { label: entry.kind === "folder" ? "Download as zip" : "Download", onSelect: () => window.location.assign(apiUrl("/files/download", { path: entry.path })) },
      { separator: true },
      { label: "Delete", danger: true, onSelect: () => void remove(entry) },
    ];
  };
  const status = git.data;
  const left = (
    <div className="flex h-full flex-col border-r border-line">
      <div className="flex h-9 flex-none items-center gap-1 border-b border-line px-2">
        <Input value={text} onChange={(event) => setText(event.target.value)} placeholder="Find in files" aria-label="Find in files" />
        <IconButton label="New file" onClick={() => newFile("")}><FilePlus size={14} aria-hidden="true" /></IconButton>
        <IconButton label="New folder" onClick={() => newFolder("")}><FolderPlus size={14} aria-hidden="true" /></IconButton>
        <IconButton label="Upload" onClick={() => { folder.current = ""; picker.current?.click(); }}><Upload size={14} aria-hidden="true" /></IconButton>
        <IconButton label={hidden ? "Leave out hidden files" : "Show hidden files"} onClick={() => setHidden(!hidden)}>{hidden ? <Eye size={14} aria-hidden="true" /> : <EyeOff size={14} aria-hidden="true" />}</IconButton>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {query.length > 1 ? <Hits query={query} onOpen={open} /> : <Tree selected={path} hidden={hidden} onOpen={(entry) => open(entry.path)} menuOf={menuOf} onMove={(from, to) => void move(from, join(to, from.split("/").at(-1) ?? from)).catch(toastError)} />}
      </div>
      {status?.repository && (
        <div className="flex h-7 flex-none items-center gap-2 border-t border-line px-3 text-[12px] text-muted">
          <GitBranch size={13} aria-hidden="true" />
          <span className="truncate">{status.branch ?? "no branch"}</span>
          <span className="ml-auto tabular">{status.changed.length > 0 ? `${status.changed.length} changed` : "nothing changed"}</span>
        </div>
      )}
    </div>
  );
  return (
    <div className="h-full" onDragOver={(event) => event.dataTransfer.types.includes("Files") && event.preventDefault()} onDrop={(event) => {
      if (event.dataTransfer.files.length === 0) return;
      event.preventDefault();
      folder.current = "";
      void upload(event.dataTransfer.files);
    }}>
      <h1 className="sr-only">Files</h1>
      <SplitPane name="files" panes={[
        { id: "tree", size: 24, min: 14, content: left },
        { id: "file", size: 76, min: 30, content: path ? <FileView key={path} path={path} line={line} /> : <EmptyState icon={<FolderTree size={36} aria-hidden="true" />} title="Open a file">Pick one at the left, or drop files here to upload them. Everything in the project is a plain file; other programs may change them at the same time.</EmptyState> },
      ]} />
      <input ref={picker} type="file" multiple hidden onChange={(event) => { if (event.target.files) void upload(event.target.files); event.target.value = ""; }} />
      {asking && <NameDialog asking={asking} onClose={() => setAsking(null)} />}
    </div>
  );
}

function Hits({ query, onOpen }: { query: string; onOpen: (path: string, line?: number) => void }) {
  const { data, isPending, error } = useQuery({ queryKey: ["file-search", query], queryFn: ({ signal }) => api.get<{ hits: Hit[]; truncated: boolean }>("/files/search", { query: { q: query }, signal }), staleTime: 0, gcTime: 0 });
  if (isPending) return <div className="p-3"><Spinner label="Searching" /></div>;
  if (error) return <p role="alert" className="p-3 text-failed">{error.message}</p>;
  if (data.hits.length === 0) return <p className="p-3 text-muted">No file holds that text.</p>;
  return (
    <ul>
      {data.hits.map((hit, index) => (
        <li key={index}>
          <button type="button" className="w-full px-3 py-1 text-left hover:bg-s2" onClick={() => onOpen(hit.path, hit.line)}>
            <span className="block truncate text-[12px]">{hit.path}<span className="text-muted">:{hit.line}</span></span>
            <span className="block truncate font-mono text-meta text-muted">{hit.text.trim()}</span>
          </button>
        </li>
      ))}
      {data.truncated && <li className="p-3 text-[12px] text-muted">There are more; type more of it.</li>}
    </ul>
  );
}
