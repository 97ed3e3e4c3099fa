import { Link, useNavigate } from "@tanstack/react-router";
import { Download, GitCompare, History, Save } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState, type ComponentProps } from "react";
import { useStore } from "zustand";
import { apiUrl } from "../../api/client";
import { useCommands } from "../../app/commands";
import { bytes } from "../../app/format";
import { Button, IconButton } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { toast } from "../../ui/toasts";
import { phaseOf, type Document } from "../editor/documents/machine";
import { GitDiff, Versions } from "./FileSides";
import type { OpenFiles } from "./openFiles";
import type { FileContent } from "./queries";

const LanguageEditor = lazy(() => import("../editor/language/LanguageEditor"));
const MergeTexts = lazy(() => import("../editor/merge/MergeTexts").then((module) => ({ default: module.MergeTexts })));
const DiffEditor = lazy(() => import("./DiffEditor").then((module) => ({ default: module.DiffEditor })));

const STATES: Record<ReturnType<typeof phaseOf>, string> = { saved: "saved", saving: "saving…", dirty: "not saved", conflict: "not saved", gone: "deleted", problem: "not saved" };

interface Props {
  path: string;
  files: OpenFiles;
  answer: { data?: FileContent; error: Error | null };
  line?: number;
  /** Whether the text is to take the focus. */
  enter: boolean;
  onEntered: () => void;
  onClose: () => void;
}

/** One file: edited, saved over what was seen only, compared with git and with earlier saves. */
export function FileView({ path, files, answer, line, enter, onEntered, onClose }: Props) {
  const doc = useStore(files.store, (state) => state.docs[path]);
  const [side, setSide] = useState<"none" | "git" | "versions">("none");
  const [merging, setMerging] = useState(false);
  const { data, error } = answer;
  const save = () => void files.save(path);
  useCommands([{ id: "save-file", title: "Save the file", group: "Files", keys: ["Mod+S"], run: save }]);
  const close = <Button onClick={onClose}>Close</Button>;
  if (error && !doc) return <ErrorCard className="m-4" error={error} action={close} />;
  if (!data) return <div className="p-4"><Spinner label="Reading the file" /></div>;
  const download = <a href={apiUrl("/files/download", { path })} download className="inline-flex items-center gap-1.5 text-accent underline"><Download size={14} aria-hidden="true" />Download</a>;
  if (data.content === null && (!doc || phaseOf(doc) === "saved")) return <EmptyState title={path.split("/").at(-1) ?? path} action={download}>{data.problem ?? "This file is no text."} It is {bytes(data.size)} large.</EmptyState>;
  if (!doc) return <div className="p-4"><Spinner label="Opening the file" /></div>;
  const phase = phaseOf(doc);
  const { language } = data;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex h-9 flex-none items-center gap-2 border-b border-line px-3">
        <span className="min-w-0 truncate font-mono text-code" title={path}>{path}</span>
        <span role="status" className="flex-none text-meta text-muted">{STATES[phase]}</span>
        {data.pipelines.map((pipeline) => <Link key={pipeline} to="/pipelines/$pipeline" params={{ pipeline }} className="truncate text-[12px] text-accent hover:underline">{pipeline}</Link>)}
        <span className="ml-auto flex flex-none gap-1">
          <IconButton label="Compare with the last commit" aria-pressed={side === "git"} className={side === "git" ? "!text-accent" : undefined} onClick={() => setSide(side === "git" ? "none" : "git")}><GitCompare size={14} aria-hidden="true" /></IconButton>
          <IconButton label="Earlier versions" aria-pressed={side === "versions"} className={side === "versions" ? "!text-accent" : undefined} onClick={() => setSide(side === "versions" ? "none" : "versions")}><History size={14} aria-hidden="true" /></IconButton>
          <Button icon={<Save size={13} aria-hidden="true" />} disabled={phase !== "dirty" && phase !== "problem"} busy={phase === "saving"} onClick={save}>Save</Button>
        </span>
      </div>
      {doc.theirs && (
        <Notice text="This file was changed elsewhere while you edited it; nothing is overwritten. At the left is what is on disk, at the right what you have.">
          <Button onClick={() => void files.resolve(path, doc.theirs?.content ?? doc.mine)}>Drop my changes</Button>
          <Button onClick={() => void files.resolve(path, doc.mine)}>Keep mine</Button>
          <Button look="primary" onClick={() => setMerging(true)}>Merge…</Button>
        </Notice>
      )}
      {phase === "gone" && (
        <Notice text="This file was deleted. What it held, and what you have typed, is kept here until you close it.">
          {close}
          <Button look="primary" onClick={() => void files.save(path, true)}>Create it again</Button>
        </Notice>
      )}
      <div className="min-h-0 flex-1">
        <Suspense fallback={<div className="p-4"><Spinner label="Opening the editor" /></div>}>
          {doc.theirs ? (
            <DiffEditor before={doc.theirs.content} after={doc.mine} language={language} beforeLabel="On disk" afterLabel="Yours" />
          ) : side === "git" ? (
            <GitDiff path={path} text={doc.mine} language={language} />
          ) : side === "versions" ? (
            <Versions path={path} text={doc.mine} language={language} onTake={(text) => { files.replace(path, text); setSide("none"); toast("Put the earlier version into the editor.", { hint: "Save keeps it." }); }} />
          ) : (
            <FileText path={path} files={files} doc={doc} language={language} line={line} enter={enter} onEntered={onEntered} />
          )}
        </Suspense>
      </div>
      {merging && doc.theirs && (
        <Suspense fallback={null}>
          <MergeTexts key={doc.theirs.revision} name={path} language={language} base={doc.base} mine={doc.mine} theirs={doc.theirs.content} onClose={() => setMerging(false)} onSave={(text) => { setMerging(false); void files.resolve(path, text); }} />
        </Suspense>
      )}
    </div>
  );
}

function Notice({ text, children }: { text: string; children: ComponentProps<"div">["children"] }) {
  return (
    <div role="alert" className="flex flex-none flex-wrap items-center gap-2 border-b border-line bg-stale-soft px-3 py-1.5 text-ui">
      <span className="flex-1">{text}</span>
      {children}
    </div>
  );
}

/** The editor, as it was left: cursor, history and how far it was scrolled are kept while its tab is open. */
function FileText({ path, files, doc, language, line, enter, onEntered }: Pick<Props, "path" | "files" | "line" | "enter" | "onEntered"> & { doc: Document; language: string }) {
  const navigate = useNavigate();
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(line ?? null);
  useEffect(() => {
    setAt(line ?? null);
  }, [line]);
  const view = files.views.get(path);
  useScroll(box, files, path, line === undefined);
  return (
    <div ref={box} className="h-full overflow-auto">
      <LanguageEditor
        text={doc.mine}
        external={doc.external}
        frozen={view?.frozen}
        onFreeze={(frozen) => files.leave(path, { frozen })}
        place={{ path, language, pipeline: null, block: null, onOpenFile: (file, to) => void navigate({ to: "/files", search: { path: file, line: to } }) }}
        label={path}
        keys={{ leave: () => (document.activeElement as HTMLElement | null)?.blur() }}
        focus={at ?? (enter ? 0 : null)}
        onFocused={() => {
          setAt(null);
          onEntered();
        }}
        onChange={(text) => files.type(path, text)}
      />
    </div>
  );
}

/** Scrolls to where the file was left, as soon as its text is as high as that, and takes note of where it is now. */
function useScroll(box: React.RefObject<HTMLDivElement | null>, files: OpenFiles, path: string, back: boolean): void {
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const wanted = back ? (files.views.get(path)?.scroll ?? 0) : 0;
    let arrived = wanted === 0;
    const go = () => {
      if (arrived) return;
      element.scrollTop = wanted;
      arrived = Math.abs(element.scrollTop - wanted) < 2;
    };
    const own = () => (arrived = true);
    const note = () => arrived && files.leave(path, { scroll: element.scrollTop });
    const growth = new ResizeObserver(go);
    for (const child of element.children) growth.observe(child);
    go();
    element.addEventListener("scroll", note, { passive: true });
    for (const kind of ["wheel", "pointerdown", "keydown"]) element.addEventListener(kind, own, { passive: true });
    return () => {
      growth.disconnect();
      element.removeEventListener("scroll", note);
      for (const kind of ["wheel", "pointerdown", "keydown"]) element.removeEventListener(kind, own);
    };
  }, [box, files, path, back]);
}
