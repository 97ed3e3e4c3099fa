import { useQuery } from "@tanstack/react-query";
import { lazy, useState } from "react";
import { api } from "../../api/client";
import { ago, bytes, dateTime } from "../../app/format";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { toastError } from "../../ui/toasts";
import { plainLines } from "../editor/documents/store";
import { useFileVersions, type FileVersion } from "./queries";

const DiffEditor = lazy(() => import("./DiffEditor").then((module) => ({ default: module.DiffEditor })));

/** What differs from the last commit. */
export function GitDiff({ path, text, language }: { path: string; text: string; language: string }) {
  const diff = useQuery({ queryKey: ["git", "diff", path], queryFn: ({ signal }) => api.get<{ base: string | null; base_label: string; problem: string | null }>("/git/diff", { query: { path }, signal }) });
  if (diff.isPending) return <div className="p-4"><Spinner label="Asking git" /></div>;
  if (diff.error) return <ErrorCard className="m-4" error={diff.error} />;
  if (diff.data.problem) return <EmptyState title="Nothing to compare with">{diff.data.problem}</EmptyState>;
  if (diff.data.base !== null && plainLines(diff.data.base) === text) return <EmptyState title="Nothing has changed">The file is as it was committed.</EmptyState>;
  return <DiffEditor before={plainLines(diff.data.base ?? "")} after={text} language={language} beforeLabel={diff.data.base === null ? "not in the last commit" : diff.data.base_label} afterLabel="Now" />;
}

/** Earlier texts of a file, compared, and put back into the editor. */
export function Versions({ path, text, language, onTake }: { path: string; text: string; language: string; onTake: (text: string) => void }) {
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
