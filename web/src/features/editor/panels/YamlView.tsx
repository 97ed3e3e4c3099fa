import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { useStore } from "zustand";
import type { PipelineDetail } from "../../../api/types";
import { useMay } from "../../../app/permissions";
import { Button } from "../../../ui/Button";
import { ErrorCard, Spinner } from "../../../ui/feedback";
import { toast } from "../../../ui/toasts";
import CodeEditor from "../code/CodeEditor";
import { isDirty, type Document } from "../documents/machine";
import { Conflict } from "../notebook/ConflictBar";
import { yamlQuery } from "../queries";
import { useSession } from "../session/context";

const MergeTexts = lazy(() => import("../merge/MergeTexts").then((module) => ({ default: module.MergeTexts })));

const KEYS = { leave: () => undefined };

/** The pipeline's file as text. It is saved on request; what others change meanwhile is merged, never overwritten. */
export function YamlView({ detail }: { detail: PipelineDetail }) {
  const { yaml, pipeline } = useSession();
  const file = useQuery(yamlQuery(pipeline, detail.revision));
  const doc = useStore(yaml.store, (state) => state.doc);
  useEffect(() => {
    if (file.data) yaml.take(file.data.file, file.data);
  }, [file.data, yaml]);
  if (doc) return <Text doc={doc} />;
  return file.error ? <ErrorCard className="m-3" error={file.error} /> : <div className="p-3"><Spinner label="Reading the file" /></div>;
}

function Text({ doc }: { doc: Document }) {
  const { yaml } = useSession();
  const mayEdit = useMay("edit");
  const file = useStore(yaml.store, (state) => state.file);
  const [merging, setMerging] = useState(false);
  const dirty = isDirty(doc);
  const told = (saved: boolean) => saved && toast("Saved the pipeline's file.", { seconds: 2 });
  const resolve = (text: string) => {
    setMerging(false);
    void yaml.resolve(text).then(told);
  };
  return (
    <div className="flex h-full flex-col">
      <div className="flex min-h-9 items-center gap-2 border-b border-line px-3 py-1">
        <span className="min-w-0 flex-1 truncate font-mono text-meta text-muted">{file}</span>
        {dirty && <Button look="quiet" onClick={() => yaml.discard()}>Discard</Button>}
        <Button look="primary" busy={doc.sent !== null} disabled={!dirty || doc.theirs !== null} onClick={() => void yaml.save().then(told)}>Save</Button>
      </div>
      <Conflict doc={doc} onResolve={resolve} onMerge={() => setMerging(true)} />
      {doc.problem && <div role="alert" className="m-2 rounded-card border border-failed bg-failed-soft px-3 py-2"><p>{doc.problem.message}</p>{doc.problem.hint && <p className="mt-1 text-muted">{doc.problem.hint}</p>}</div>}
      <div className="min-h-0 flex-1 overflow-y-auto">
        <CodeEditor text={doc.mine} external={doc.external} language="yaml" label="The pipeline's file" readOnly={!mayEdit} keys={KEYS} focus={null} onChange={(text) => yaml.type(text)} />
      </div>
      {merging && doc.theirs && (
        <Suspense fallback={null}>
          <MergeTexts key={doc.theirs.revision} name={file} language="yaml" base={doc.base} mine={doc.mine} theirs={doc.theirs.content} onSave={resolve} onClose={() => setMerging(false)} />
        </Suspense>
      )}
    </div>
  );
}
