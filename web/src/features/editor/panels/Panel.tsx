import { X } from "lucide-react";
import { lazy, Suspense, type ReactNode } from "react";
import type { PipelineDetail } from "../../../api/types";
import { IconButton } from "../../../ui/Button";
import { Spinner } from "../../../ui/feedback";
import { useNavigation, type View } from "../session/selection";
import { BlockSettings } from "./BlockSettings";
import { PipelineSettings } from "./PipelineSettings";
import { Problems } from "./Problems";
import { Variables } from "./Variables";

const YamlView = lazy(() => import("./YamlView").then((module) => ({ default: module.YamlView })));

const TITLES: Record<View, string> = {
  variables: "Variables",
  block: "Block settings",
  pipeline: "Pipeline settings",
  yaml: "The pipeline's file",
  problems: "Problems",
};

/** Settings in the place of the follower, until they are closed. */
export function Panel({ view, detail, block }: { view: View; detail: PipelineDetail; block: string | null }) {
  const { show } = useNavigation();
  const chosen = detail.blocks.find((one) => one.uuid === block);
  const bodies: Record<View, ReactNode> = {
    variables: <Variables variables={detail.variables} />,
    block: chosen ? <BlockSettings key={chosen.uuid} block={chosen} /> : <p className="text-muted">Select a block at the left.</p>,
    pipeline: <PipelineSettings detail={detail} />,
    yaml: <YamlView detail={detail} />,
    problems: <Problems detail={detail} />,
  };
  return (
    <section aria-label={TITLES[view]} className="flex h-full min-h-0 flex-col bg-s0">
      <div className="flex h-[33px] flex-none items-center border-b border-line px-3">
        <h2 className="min-w-0 flex-1 truncate font-semibold">{view === "block" && chosen ? `${TITLES.block}: ${chosen.name}` : TITLES[view]}</h2>
        <IconButton label="Close" onClick={() => show({ view: undefined })}>
          <X size={15} aria-hidden="true" />
        </IconButton>
      </div>
      <div className={view === "yaml" ? "min-h-0 flex-1" : "min-h-0 flex-1 overflow-y-auto p-3"}>
        <Suspense fallback={<Spinner />}>{bodies[view]}</Suspense>
      </div>
    </section>
  );
}
