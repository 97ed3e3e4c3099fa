import { Link, useNavigate } from "@tanstack/react-router";
import { Download, GitCompare, History, Save } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { api, apiUrl } from "../../api/client";
import { ago, bytes, dateTime } from "../../app/format";
import { useCommands } from "../../app/commands";
import { Button, IconButton } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { toast, toastError } from "../../ui/toasts";
import { plainLines } from "../editor/documents/store";
import { useFileVersions, type FileVersion } from "./queries";
import { useDocument } from "./useDocument";

const LanguageEditor = lazy(() => import("../editor/language/LanguageEditor"));
const MergeTexts = lazy(() => import("../editor/merge/MergeTexts").then((module) => ({ default: module.MergeTexts })));
const DiffEditor = lazy(() => import("./DiffEditor").then((module) => ({ default: module.DiffEditor })));

/** One file: edited, saved over what was seen only, compared with git and with earlier saves. */
export function FileView({ path, line }: { path: string; line?: number }) {
  const { file, held, saving, type, save, takeTheirs, keep, replace } = useDocument(path);
  const [side, setSide] = useState<"none" | "git" | "versions">("none");
  const [focus, setFocus] = useState<number | null>(null);
  const [merging, setMerging] = useState(false);
  const navigate = useNavigate();
  useCommands([{ id: "save-file", title: "Save the file", group: "Files", keys: ["Mod+S"], run: save }]);
  const ready = held.path === path;
  useEffect(() => setFocus(ready ? (line ?? null) : null), [ready, line, path]);
  useEffect(() => {
    if (!held.dirty) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [held.dirty]);
  if (file.isPending) return <div className="p-4"><Spinner label="Reading the file" /></div>;
  if (file.error) return <ErrorCard className="m-4" error={file.error} />;
  const { data } = file;
  const download = <a href={apiUrl("/files/download", { path })} download className="inline-flex items-center gap-1.5 text-accent underline"><Download size={14} aria-hidden="true" />Download</a>;
  if (data.content === null) return <EmptyState title={path.split("/").at(-1) ?? path} action={download}>{data.problem ?? "This file is no text."} It is {bytes(data.size)} large.</EmptyState>;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex h-9 flex-none items-center gap-2 border-b border-line px-3">
        <span className="min-w-0 truncate font-mono text-code" title={path}>{path}</span>
        <span role="status" className="flex-none text-meta text-muted">{saving ? "saving…" : held.dirty ? "not saved" : "saved"}</span>
        {data.pipelines.map((pipeline) => <Link key={pipeline} to="/pipelines/$pipeline" params={{ pipeline }} className="truncate text-[12px] text-accent hover:underline">{pipeline}</Link>)}
        <span className="ml-auto flex flex-none gap-1">
          <IconButton label="Compare with the last commit" aria-pressed={side === "git"} className={side === "git" ? "!text-accent" : undefined} onClick={() => setSide(side === "git" ? "none" : "git")}><GitCompare size={14} aria-hidden="true" /></IconButton>
          <IconButton label="Earlier versions" aria-pressed={side === "versions"} className={side === "versions" ? "!text-accent" : undefined} onClick={() => setSide(side === "versions" ? "none" : "versions")}><History size={14} aria-hidden="true" /></IconButton>
          <Button icon={<Save size={13} aria-hidden="true" />} disabled={!held.dirty || held.theirs !== null} busy={saving} onClick={save}>Save</Button>
        </span>
      </div>
      {held.theirs && (
        <div role="alert" className="flex flex-none flex-wrap items-center gap-2 border-b border-line bg-stale-soft px-3 py-1.5 text-ui">
          <span className="flex-1">This file was changed elsewhere while you edited it; nothing is overwritten. At the left is what is on disk, at the right what you have.</span>
          <Button onClick={takeTheirs}>Drop my changes</Button>
          <Button onClick={() => keep(held.text)}>Keep mine</Button>
          <Button look="primary" onClick={() => setMerging(true)}>Merge…</Button>
        </div>
      )}
      <div className="min-h-0 flex-1 overflow-auto">
        <Suspense fallback={<div className="p-4"><Spinner label="Opening the editor" /></div>}>
          {held.theirs ? (
            <DiffEditor before={held.theirs.content} after={held.text} language={data.language} beforeLabel="On disk" afterLabel="Yours" />
          ) : side === "git" ? (
            <GitDiff path={path} text={held.text} language={data.language} />
          ) : side === "versions" ? (
            <Versions path={path} text={held.text} language={data.language} onTake={(text) => { replace(text); setSide("none"); toast("Put the earlier version into the editor.", { hint: "Save keeps it." }); }} />
          ) : (
            ready && <LanguageEditor key={path} text={held.text} external={held.external} place={{ path, language: data.language, pipeline: null, block: null, onOpenFile: (file, at) => void navigate({ to: "/files", search: { path: file, line: at } }) }} label={path} keys={{ leave: () => (document.activeElement as HTMLElement | null)?.blur() }} focus={focus} onFocused={() => setFocus(null)} onChange={type} />
          )}
        </Suspense>
      </div>
      {merging && held.theirs && (
        <Suspense fallback={null}>
          <MergeTexts key={held.theirs.revision} name={path} language={data.language} base={held.base} mine={held.text} theirs={held.theirs.content} onClose={() => setMerging(false)} onSave={(text) => { setMerging(false); keep(text); }} />
        </Suspense>
      )}
    </div>
  );
}

function GitDiff({ path, text, language }: { path: string; text: string; language: string }) {
  const diff = useQuery({ queryKey: ["git", "diff", path], queryFn: ({ signal }) => api.get<{ base: string | null; base_label: string; problem: string | null }>("/git/diff", { query: { path }, signal }) });
  if (diff.isPending) return <div className="p-4"><Spinner label="Asking git" /></div>;
  if (diff.error) return <ErrorCard className="m-4" error={diff.error} />;
  if (diff.data.problem) return <EmptyState title="Nothing to compare with">{diff.data.problem}</EmptyState>;
  if (diff.data.base !== null && plainLines(diff.data.base) === text) return <EmptyState title="Nothing has changed">The file is as it was committed.</EmptyState>;
  return <DiffEditor before={plainLines(diff.data.base ?? "")} after={text} language={language} beforeLabel={diff.data.base === null ? "not in the last commit" : diff.data.base_label} afterLabel="Now" />;
}

function Versions({ path, text, language, onTake }: { path: string; text: string; language: string; onTake: (text: string) => void }) {
  const versions = useFileVersions(path, true);
  const [chosen, setChosen] = useState<string | null>(null);
  const list = versions.data?.versions ?? [];
  const id = chosen ?? list[0]?.id ?? null;
  const version = useQuery({ queryKey: ["file-version", path, id], queryFn: ({ signal }) => api.get<{ content: string | null; problem: string | null }>("/files/version", { query: { path, id }, signal }), enabled: id !== null });
  if (versions.isPending) return <div className="p-4"><Spinner label="Looking for earlier versions" /></div>;
  if (versions.error) return <ErrorCard className="m-4" error={versions.error} />;
  if (list.length === 0) return <EmptyState title="No earlier versions">Every save keeps what it replaces, here; commits of git count as well.</EmptyState>;
  return (
    <div className="flex h-full min-h-0">
      <ul className="w-60 flex-none overflow-y-auto border-r border-line" role="listbox" aria-label="Earlier versions">
        {list.map((one) => <VersionItem key={one.id} version={one} selected={one.id === id} onSelect={() => setChosen(one.id)} />)}
      </ul>
      <div className="flex min-w-0 flex-1 flex-col">
        <div className="flex-none border-b border-line p-1.5"><Button disabled={typeof version.data?.content !== "string"} onClick={() => (typeof version.data?.content === "string" ? onTake(version.data.content) : toastError(version.error))}>Put this version into the editor</Button></div>
        <div className="min-h-0 flex-1">
          {version.isPending ? <div className="p-4"><Spinner /></div> : version.error ? <ErrorCard className="m-4" error={version.error} /> : version.data.content === null ? <EmptyState title="No text">{version.data.problem}</EmptyState> : plainLines(version.data.content) === text ? <EmptyState title="Nothing has changed">The file is as it was then.</EmptyState> : <DiffEditor before={version.data.content} after={text} language={language} beforeLabel="That version" afterLabel="Now" />}
        </div>
      </div>
    </div>
  );
}

function VersionItem({ version, selected, onSelect }: { version: FileVersion; selected: boolean; onSelect: () => void }) {
  return (
    <li>
      <button type="button" role="option" aria-selected={selected} onClick={onSelect} className={`w-full px-3 py-1.5 text-left hover:bg-s1 ${selected ? "bg-accent-soft" : ""}`} title={dateTime(version.at)}>
        <span className="block truncate">{version.source === "git" ? version.message || "commit" : "saved here"}</span>
        <span className="block truncate text-meta text-muted">{ago(version.at)}{version.author ? ` · ${version.author}` : ""} · {bytes(version.size)}</span>
      </button>
    </li>
  );
}
