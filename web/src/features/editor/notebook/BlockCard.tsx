import { lazy, memo, Suspense, useCallback, useEffect, useRef, useState, type RefObject } from "react";
import type { BlockDetail } from "../../../api/types";
import { cx } from "../../../ui/cx";
import { StaticCode } from "../code/StaticCode";
import { useBlockStatus, usePhase, useScratchpad, useSession, useUi } from "../session/context";
import { useNavigation } from "../session/selection";
import { isBusy } from "../status/patch";
import { AddOns } from "./AddOns";
import { BlockHeader } from "./BlockHeader";
import { BlockOutput } from "./BlockOutput";
import { CodeArea } from "./CodeArea";
import { ConflictBar } from "./ConflictBar";
import { GivenBar } from "./GivenBar";
import { edgeColour, languageOf } from "./kinds";
import { ScratchOutput } from "./ScratchOutput";
import { SqlLine } from "./SqlLine";
import { bringIntoView } from "./bringIntoView";
import { useNear } from "./useNear";

// What renders Markdown is as large as the rest of the notebook: only for pipelines that have texts.
const MarkdownView = lazy(() => import("./MarkdownView").then((module) => ({ default: module.MarkdownView })));

interface Props {
  block: BlockDetail;
  index: number;
  count: number;
  selected: boolean;
}

/** One block of the notebook. Far from the view it is plain text of the same size; near it, everything. */
export const BlockCard = memo(function BlockCard({ block, index, count, selected }: Props) {
  const session = useSession();
  const { select } = useNavigation();
  const card = useRef<HTMLElement>(null);
  const asked = useUi((ui) => ui.focus?.block === block.uuid || ui.focus?.under === block.uuid);
  const full = useUi((ui) => ui.fullscreen === block.uuid);
  const collapsed = useUi((ui) => ui.collapsed.has(block.uuid)) && !asked;
  const near = useNear(card, asked || full);
  const uuid = block.uuid;

  // A click into a tall card must not move it away under the pointer; a selection made elsewhere brings it into view.
  const inside = useRef(false);
  const pick = () => {
    if (selected) return;
    inside.current = true;
    select(uuid);
  };
  useEffect(() => {
    const mine = inside.current;
    inside.current = false;
    return selected && !mine && card.current ? bringIntoView(card.current) : undefined;
  }, [selected]);

  return (
    <article
      ref={card}
      id={`block-${uuid}`}
      data-block={uuid}
      tabIndex={-1}
      aria-label={`Block ${index + 1}: ${block.name}`}
      aria-current={selected || undefined}
      className={cx(
        "block-card group relative rounded-card border bg-s0 outline-none",
        selected ? "border-accent shadow-[0_0_0_1px_var(--accent)]" : "border-line",
        full && "!fixed inset-0 z-30 overflow-y-auto !rounded-none",
      )}
      style={{ borderLeft: `4px solid ${edgeColour(block)}`, ...(near ? {} : { contentVisibility: "auto", containIntrinsicSize: `auto ${estimate(block, collapsed)}px` }) }}
      onMouseDown={pick}
      onFocus={pick}
    >
      {near ? (
        <Near block={block} index={index} count={count} collapsed={collapsed} card={card} />
      ) : (
        <Far block={block} index={index} text={collapsed ? null : (session.documents.get(uuid)?.mine ?? block.content)} />
      )}
    </article>
  );
});

/** What a card is likely to measure before it is drawn, so that the scroll bar does not jump. */
function estimate(block: BlockDetail, collapsed: boolean): number {
  return collapsed ? 56 : 70 + 18 * (block.content?.split("\n").length ?? 1);
}

function Far({ block, index, text }: { block: BlockDetail; index: number; text: string | null }) {
  return (
    <>
      <header className="h-[53px] border-b border-line px-1.5 py-1">
        <span className="pl-9 tabular text-meta text-muted">{index + 1}</span> <b className="font-semibold">{block.name}</b>{" "}
        <span className="text-meta text-muted">{languageOf(block.language).short}</span>
      </header>
      {text !== null && <StaticCode text={text} />}
    </>
  );
}

function Near({ block, index, count, collapsed, card }: Omit<Props, "selected"> & { collapsed: boolean; card: RefObject<HTMLElement | null> }) {
  const status = useBlockStatus(block.uuid);
  const pad = useScratchpad(block.uuid);
  const scratching = pad.executions.some((one) => one.state === "running");
  const phase = usePhase(block.uuid);
  const undecided = phase === "conflict" || phase === "gone";
  return (
    <>
      <BlockHeader block={block} index={index} count={count} status={status} busy={isBusy(status) || scratching} collapsed={collapsed} />
      {!collapsed && (
        <>
          <GivenBar block={block.uuid} />
          {undecided && <ConflictBar block={block.uuid} />}
          <Text block={block} card={card} />
          {block.language === "sql" && block.type !== "dbt" && <SqlLine block={block} />}
          {block.type === "scratchpad" ? (
            <div className="border-t border-line"><ScratchOutput block={block} /></div>
          ) : (
            status && <div className="border-t border-line empty:hidden"><BlockOutput block={block} status={status} /></div>
          )}
          <AddOns block={block} status={status} card={card} />
        </>
      )}
      {collapsed && undecided && <ConflictBar block={block.uuid} />}
    </>
  );
}

/** Code, or the text of a markdown block as it reads until it is edited. */
function Text({ block, card }: { block: BlockDetail; card: RefObject<HTMLElement | null> }) {
  const session = useSession();
  const { select } = useNavigation();
  const markdown = block.type === "markdown";
  const asked = useUi((ui) => ui.focus?.block === block.uuid && !ui.focus.rename);
  const [writing, setWriting] = useState(false);
  const leave = useCallback(
    (step: 0 | 1 | -1) => {
      if (step === 0) {
        setWriting(false);
        card.current?.focus({ preventScroll: true });
        return;
      }
      const order = session.detail?.blocks ?? [];
      const next = order[order.findIndex((one) => one.uuid === block.uuid) + step];
      if (!next) return;
      session.ui.setState({ focus: { block: next.uuid, line: step === 1 ? 1 : Number.MAX_SAFE_INTEGER } });
      select(next.uuid);
    },
    [session, block.uuid, card, select],
  );
  useEffect(() => {
    if (asked) setWriting(true);
  }, [asked]);
  if (markdown && !writing && !asked) {
    return (
      <Suspense fallback={<div className="whitespace-pre-wrap px-4 py-2">{block.content}</div>}>
        <MarkdownView block={block.uuid} fallback={block.content ?? ""} onEdit={() => session.ui.setState({ focus: { block: block.uuid } })} />
      </Suspense>
    );
  }
  return (
    <div onBlur={(event) => markdown && !event.currentTarget.contains(event.relatedTarget) && document.hasFocus() && setWriting(false)}>
      <CodeArea block={block} near onLeave={leave} />
    </div>
  );
}
