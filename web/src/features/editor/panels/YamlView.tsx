import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { PipelineDetail } from "../../../api/types";
import { Button } from "../../../ui/Button";
import { ErrorCard, Spinner } from "../../../ui/feedback";
import { toast } from "../../../ui/toasts";
import CodeEditor from "../code/CodeEditor";
import { requests, yamlQuery, type YamlFile } from "../queries";
import { useSession } from "../session/context";

const KEYS = { leave: () => undefined };

/** The pipeline's file as text. It is saved on request, and only over the text that was seen. */
export function YamlView({ detail }: { detail: PipelineDetail }) {
  const session = useSession();
  const file = useQuery(yamlQuery(session.pipeline, detail.revision));
  const [seen, setSeen] = useState<YamlFile>();
  useEffect(() => {
    // What others change is shown at once, unless something is unsaved here.
    if (file.data) setSeen((now) => now ?? file.data);
  }, [file.data]);
  if (file.error && !seen) return <ErrorCard className="m-3" error={file.error} />;
  if (!seen) return <div className="p-3"><Spinner label="Reading the file" /></div>;
  return <Text key={seen.revision} seen={seen} newest={file.data} onSeen={setSeen} />;
}

function Text({ seen, newest, onSeen }: { seen: YamlFile; newest: YamlFile | undefined; onSeen: (file: YamlFile) => void }) {
  const session = useSession();
  const [text, setText] = useState(seen.content);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const dirty = text !== seen.content;
  const other = newest !== undefined && newest.revision !== seen.revision;
  useEffect(() => {
    if (other && !dirty && newest) onSeen(newest);
  }, [other, dirty, newest, onSeen]);
  const save = () => {
    setBusy(true);
    session
      .change(async () => {
        const saved = await requests.saveYaml(session.pipeline, text, seen.revision);
        await session.fetchDetail();
        return saved;
      })
      .then(
        (saved) => {
          setError(undefined);
          onSeen({ ...seen, ...saved, content: saved.content ?? text });
          toast("Saved the pipeline's file.", { seconds: 2 });
        },
        (reason: unknown) => setError(reason),
      )
      .finally(() => setBusy(false));
  };
  return (
    <div className="flex h-full flex-col">
      <div className="flex min-h-9 items-center gap-2 border-b border-line px-3 py-1">
        <span className="min-w-0 flex-1 truncate font-mono text-meta text-muted">{seen.file}</span>
        {dirty && <Button look="quiet" onClick={() => onSeen({ ...(newest ?? seen) })}>Discard</Button>}
        <Button look="primary" busy={busy} disabled={!dirty || (other && dirty)} onClick={save}>Save</Button>
      </div>
      {other && dirty && (
        <p role="alert" className="border-b border-line bg-stale-soft px-3 py-1 text-stale">
          The file was changed elsewhere. Copy what you wrote, then <button type="button" className="underline" onClick={() => newest && onSeen(newest)}>take the new text</button>.
        </p>
      )}
      {error !== undefined && <ErrorCard className="m-2" error={error} />}
      <div className="min-h-0 flex-1 overflow-y-auto">
        <CodeEditor text={seen.content} external={0} language="yaml" label="The pipeline's file" keys={KEYS} focus={null} onChange={setText} />
      </div>
    </div>
  );
}
