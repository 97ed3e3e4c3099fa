import { Play } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import type { ChartDetail } from "../../api/types";
import { Button } from "../../ui/Button";
import { Spinner } from "../../ui/feedback";
import { CodeChartView } from "./ChartView";
import { useChartChanges } from "./queries";

const CodeEditor = lazy(() => import("../editor/code/CodeEditor"));

/** A chart that draws itself: its code, saved and run in one press, over what it draws. */
export function ByCode({ pipeline, chart }: { pipeline: string; chart: ChartDetail }) {
  const { change, runCode } = useChartChanges(pipeline);
  const saved = chart.content ?? "";
  const [text, setText] = useState(saved);
  const [external, setExternal] = useState(0);
  /** What the text was begun from: saving is refused when the file is no longer that. */
  const [base, setBase] = useState({ content: saved, revision: chart.content_revision });
  const dirty = text !== base.content;
  const changed = chart.content_revision !== base.revision && saved !== base.content;
  const take = () => {
    setText(saved);
    setExternal((count) => count + 1);
    setBase({ content: saved, revision: chart.content_revision });
  };
  useEffect(() => {
    if (!changed) return;
    // Our own save comes back as it was sent; somebody else's is taken at once where nothing was typed.
    if (saved === text) setBase({ content: saved, revision: chart.content_revision });
    else if (!dirty) take();
    // When the server has another text than the one it was made from; not with each letter that is typed.
  }, [changed, saved]);
  const run = () => {
    const draw = () => runCode.mutate(chart.uuid);
    if (!dirty) return draw();
    change.mutate({ chart: chart.uuid, content: text, content_revision: base.revision }, { onSuccess: draw });
  };
  return (
    <>
      <div className="flex items-center gap-2 border-b border-line px-2 py-1">
        <Button icon={<Play size={12} aria-hidden="true" fill="currentColor" />} busy={runCode.isPending || change.isPending} onClick={run}>{dirty ? "Save and run" : "Run"}</Button>
        {chart.file && <code className="truncate font-mono text-meta text-muted">{chart.file}</code>}
      </div>
      {changed && dirty && saved !== text && (
        <div role="alert" className="flex flex-wrap items-center gap-2 border-b border-line bg-stale-soft px-3 py-1">
          <span className="flex-1">This code was changed elsewhere while you edited it.</span>
          <Button onClick={take}>Take theirs</Button>
          <Button onClick={() => setBase({ content: saved, revision: chart.content_revision })}>Keep mine</Button>
        </div>
      )}
      <div className="max-h-80 overflow-y-auto border-b border-line">
        <Suspense fallback={<div className="p-3"><Spinner label="Opening the editor" /></div>}>
          <CodeEditor text={text} external={external} language={chart.language} label={`Code of ${chart.name}`} keys={{ leave: () => (document.activeElement as HTMLElement | null)?.blur() }} focus={null} onChange={setText} />
        </Suspense>
      </div>
      <div className="h-80 overflow-auto"><CodeChartView result={runCode.data} pending={runCode.isPending} error={runCode.error} /></div>
    </>
  );
}
