import { GitBranch } from "lucide-react";
import type { PipelineDetail } from "../../../api/types";
import { cx } from "../../../ui/cx";
import { useGitStatus } from "../../files/queries";
import { everyText } from "../session/addOns";

/** The branch, and how many of the pipeline's files are not as they were committed; left out where the bar is full. */
export function GitMark({ detail, crowded }: { detail: PipelineDetail; crowded: boolean }) {
  const status = useGitStatus().data;
  if (!detail.git) return null;
  const now = status?.repository ? { branch: status.branch, changed: ofPipeline(detail, status.changed.map(({ path }) => path)) } : detail.git;
  return (
    <span className={cx("hidden max-w-40 flex-none items-center gap-1 text-meta text-muted", crowded ? "min-[1440px]:inline-flex" : "xl:inline-flex")} title={now.changed.length > 0 ? `Not committed: ${now.changed.join(", ")}` : "Nothing to commit here"}>
      <GitBranch size={12} className="flex-none" aria-hidden="true" />
      <span className="min-w-0 truncate">{now.branch}</span>
      {now.changed.length > 0 && <span className="flex-none">+{now.changed.length}</span>}
    </span>
  );
}

/** Those of the changed files that the pipeline is made of; a new folder is named as a whole, with a slash at its end. */
export function ofPipeline(detail: Pick<PipelineDetail, "file" | "blocks" | "callbacks" | "conditionals">, changed: readonly string[]): string[] {
  const files = [...new Set([detail.file, ...everyText(detail).flatMap(({ file }) => file ?? [])])];
  const exact = new Set(changed);
  const folders = changed.filter((path) => path.endsWith("/"));
  return files.filter((file) => exact.has(file) || folders.some((folder) => file.startsWith(folder)));
}
