import { AlertTriangle, CircleX, Info } from "lucide-react";
import type { Diagnostic, PipelineDetail } from "../../../api/types";
import { EmptyState } from "../../../ui/feedback";
import { useSession } from "../session/context";
import { openPlace } from "../session/places";
import { useNavigation } from "../session/selection";

const LOOKS = { error: { Icon: CircleX, tone: "text-failed" }, warning: { Icon: AlertTriangle, tone: "text-stale" }, info: { Icon: Info, tone: "text-muted" } };

/** What is odd about the pipeline's files: each with what to do, and a way to its place. */
export function Problems({ detail }: { detail: PipelineDetail }) {
  if (detail.diagnostics.length === 0) return <EmptyState title="No problems">Everything in this pipeline's files makes sense.</EmptyState>;
  return (
    <ul className="flex flex-col gap-2">
      {detail.diagnostics.map((one, index) => (
        <Problem key={`${one.code}:${index}`} found={one} detail={detail} />
      ))}
    </ul>
  );
}

function Problem({ found, detail }: { found: Diagnostic; detail: PipelineDetail }) {
  const session = useSession();
  const navigation = useNavigation();
  const { Icon, tone } = LOOKS[found.severity];
  const open = () => {
    if (found.file === detail.file) {
      if (found.block && detail.blocks.some((one) => one.uuid === found.block)) navigation.show({ block: found.block, view: "problems" });
      else navigation.show({ view: "yaml" });
    } else openPlace(session, navigation, found.file, found.line);
  };
  return (
    <li className="flex gap-2 rounded-card border border-line p-2">
      <Icon size={15} className={`mt-px flex-none ${tone}`} aria-label={found.severity} />
      <div className="min-w-0 flex-1">
        <p className="break-words">{found.message}</p>
        {found.hint && <p className="break-words text-muted">{found.hint}</p>}
        {found.file && (
          <button type="button" className="break-all text-left font-mono text-meta text-accent underline" onClick={open}>
            {found.file}
            {found.line > 0 && `:${found.line}`}
          </button>
        )}
      </div>
      <span className="text-meta text-muted">{found.code}</span>
    </li>
  );
}
