import { useState } from "react";
import type { BlockStatus } from "../../api/types";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Select } from "../../ui/fields";
import { DiffView } from "./DiffView";
import { versionLabel } from "./OutputPanel";
import { useVersions } from "./queries";

/** The newest output of a block against an earlier one: what the follower shows under Diff. */
export function BlockDiff({ pipeline, block, status, output }: { pipeline: string; block: string; status: BlockStatus | undefined; output?: string }) {
  const newest = status?.version ?? null;
  const versions = useVersions(pipeline, block, newest);
  const [chosen, setChosen] = useState<string | null>(null);
  if (newest === null) return <EmptyState title="No output yet">Run the block twice: what changed between its outputs is shown here.</EmptyState>;
  if (versions.isPending) return <div className="p-4"><Spinner /></div>;
  if (versions.error) return <ErrorCard className="m-4" error={versions.error} />;
  const older = versions.data.versions.filter((one) => one.version !== newest);
  const before = older.find((one) => one.version === chosen) ?? older[0];
  if (!before) return <EmptyState title="Only one version yet">Run the block again: what changed between its outputs is shown here.</EmptyState>;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex h-9 flex-none items-center gap-2 border-b border-line px-2">
        <Select aria-label="Earlier version" value={before.version} onChange={(event) => setChosen(event.target.value)}>
          {older.map((one) => <option key={one.version} value={one.version}>{versionLabel(one, false)}</option>)}
        </Select>
        <span className="text-muted">against the newest</span>
      </div>
      <div className="min-h-0 flex-1 overflow-auto"><DiffView target={{ pipeline, block, output: output ?? "", version: newest }} before={before.version} after={newest} /></div>
    </div>
  );
}
