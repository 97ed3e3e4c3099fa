import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { BlockDetail } from "../../../api/types";
import { ago } from "../../../app/format";
import { Button } from "../../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../../ui/feedback";
import { Select } from "../../../ui/fields";
import { toast } from "../../../ui/toasts";
import { fileVersionQuery, fileVersionsQuery, type FileVersion } from "../queries";
import { plainLines } from "../documents/store";
import { useDocument, useSession } from "../session/context";

const UnifiedDiff = lazy(() => import("./UnifiedDiff"));

function label(version: FileVersion): string {
  const what = version.source === "git" ? `commit: ${version.message ?? ""}` : "saved here";
  return `${ago(version.at)} · ${what.slice(0, 60)}`;
}

/** The code of a block against an earlier text of its file: kept at each save, or committed. */
export function CodeDiff({ block }: { block: BlockDetail }) {
  const session = useSession();
  const path = block.file ?? "";
  const revision = useDocument(block.uuid, (doc) => doc?.revision) ?? block.content_revision;
  const mine = useDocument(block.uuid, (doc) => doc?.mine) ?? block.content ?? "";
  const versions = useQuery({ ...fileVersionsQuery(path, revision), enabled: path !== "" });
  const [chosen, setChosen] = useState("");
  const list = versions.data ?? [];
  const version = list.find((one) => one.id === chosen) ?? list[0];
  const content = useQuery({ ...fileVersionQuery(path, version?.id ?? ""), enabled: version !== undefined });
  if (!path) return <EmptyState title="No file">The code of this block has no file of its own.</EmptyState>;
  if (versions.isPending) return <div className="p-4"><Spinner label="Looking for earlier versions" /></div>;
  if (versions.error) return <ErrorCard className="m-4" error={versions.error} />;
  if (!version) return <EmptyState title="No earlier version">Every save keeps what it replaces; commits of git count as well.</EmptyState>;
  const before = typeof content.data?.content === "string" ? plainLines(content.data.content) : null;
  const restore = (text: string) => {
    const now = mine;
    session.documents.replace(block.uuid, text);
    toast(`Put the earlier text into ${block.name}.`, { action: { label: "Undo", run: () => session.documents.replace(block.uuid, now) } });
  };
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-9 flex-none flex-wrap items-center gap-2 border-b border-line px-2 py-1">
        <Select className="min-w-0 max-w-full flex-1" aria-label="Earlier version" value={version.id} onChange={(event) => setChosen(event.target.value)}>
          {list.map((one) => <option key={one.id} value={one.id}>{label(one)}</option>)}
        </Select>
        <Button disabled={before === null || before === mine} onClick={() => before !== null && restore(before)}>Put it back</Button>
      </div>
      {content.error && <ErrorCard className="m-4" error={content.error} />}
      {content.data && before === null && <EmptyState title="No text">{content.data.problem}</EmptyState>}
      {before === mine && <p className="border-b border-line px-3 py-1.5 text-muted">The code is what it was then.</p>}
      {before !== null && (
        <Suspense fallback={<div className="p-4"><Spinner /></div>}>
          <UnifiedDiff before={before} after={mine} language={block.language} />
        </Suspense>
      )}
    </div>
  );
}
