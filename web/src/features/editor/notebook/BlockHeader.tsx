import { ChevronDown, ChevronRight, GripVertical, Maximize2, Minimize2, MoreVertical } from "lucide-react";
import { useCallback } from "react";
import type { BlockDetail, BlockStatus, PipelineDetail } from "../../../api/types";
import { IconButton } from "../../../ui/Button";
import { Menu } from "../../../ui/Menu";
import { changeBlock } from "../session/changes";
import { useDetail, useSession, useUi } from "../session/context";
import { useNavigation, useSelection } from "../session/selection";
import { toggled } from "../session/ui";
import { blockMenu } from "./blockMenu";
import { InlineName } from "./InlineName";
import { ASIDE, kindOf, languageOf } from "./kinds";
import { RunButton } from "./RunButton";
import { SaveMark } from "./SaveMark";
import { StaleMark, StatusLine } from "./StatusLine";
import { UpstreamChips } from "./UpstreamChips";

export interface HeaderProps {
  block: BlockDetail;
  index: number;
  count: number;
  status: BlockStatus | undefined;
  busy: boolean;
  collapsed: boolean;
}

/** A block's two lines above its code: what it is and how it stands, then where its inputs come from. */
export function BlockHeader({ block, index, count, status, busy, collapsed }: HeaderProps) {
  const session = useSession();
  const navigation = useNavigation();
  const beside = useSelection().beside === block.uuid;
  const renaming = useUi((ui) => ui.focus?.block === block.uuid && ui.focus.rename === true);
  const full = useUi((ui) => ui.fullscreen === block.uuid);
  const setRenaming = useCallback((on: boolean) => session.ui.setState({ focus: on ? { block: block.uuid, rename: true } : null }), [session, block.uuid]);
  // As a text, so that a change elsewhere in the pipeline draws nothing here.
  const sharers = useDetail((detail) => sharersOf(detail, block)) ?? "";
  const aside = ASIDE.has(block.type);
  const Arrow = collapsed ? ChevronRight : ChevronDown;
  return (
    <header className="@container border-b border-line px-1.5 py-1">
      <div className="flex h-6 items-center gap-1.5">
        <Grip block={block.uuid} name={block.name} />
        <button
          type="button"
          aria-expanded={!collapsed}
          aria-label={collapsed ? `Unfold ${block.name}` : `Fold ${block.name}`}
          className="flex-none text-muted hover:text-fg"
          onClick={() => session.ui.setState((ui) => ({ collapsed: toggled(ui.collapsed, block.uuid) }))}
        >
          <Arrow size={14} aria-hidden="true" />
        </button>
        <span className="flex-none tabular text-meta text-muted" aria-hidden="true">{index + 1}</span>
        <InlineName
          value={block.name}
          label={`Name of block ${block.name}`}
          editing={renaming}
          onEditing={setRenaming}
          onRename={(name) => changeBlock(session, block.uuid, { name }, navigation.select)}
          className="min-w-20"
        />
        <span className="flex-none rounded-[3px] bg-s2 px-1 text-[10px] font-bold leading-4 text-muted" title={languageOf(block.language).word}>{languageOf(block.language).short}</span>
        <SaveMark block={block.uuid} />
        <span className="min-w-2 flex-1" />
        {!aside && status && <StatusLine status={status} />}
        {block.type !== "markdown" && (block.runnable || block.type === "scratchpad") && <RunButton block={block} busy={busy} />}
        <IconButton label={full ? "Leave full screen" : "Full screen"} onClick={() => session.ui.setState({ fullscreen: full ? null : block.uuid })}>
          {full ? <Minimize2 size={13} aria-hidden="true" /> : <Maximize2 size={13} aria-hidden="true" />}
        </IconButton>
        <Menu align="end" items={blockMenu({ session, navigation, block, index, count, beside })}>
          <button type="button" aria-label={`More about ${block.name}`} className="inline-flex h-6 w-5 flex-none items-center justify-center rounded-control text-muted hover:bg-s2 hover:text-fg">
            <MoreVertical size={14} aria-hidden="true" />
          </button>
        </Menu>
      </div>
      <div className="flex h-5 items-center gap-2 overflow-hidden pl-9 text-meta text-muted">
        <span className="flex-none font-medium" style={{ color: `var(${kindOf(block.type).colour})` }}>{kindOf(block.type).word}</span>
        {!block.runnable && !aside && <span className="flex-none text-stale" title="Penstock shows it and keeps it as it is">cannot be run here yet</span>}
        {sharers !== "" && <span className="flex-none" title={`Its file is that of ${sharers} too: an edit changes all of them`}>shared file</span>}
        <UpstreamChips block={block} />
        <span className="min-w-1 flex-1" />
        {status?.stale && status.state === "completed" ? <StaleMark reason={status.stale} /> : status?.state === "completed" && status.changed.length > 0 && <span className="truncate tabular" title="Compared with the version before">{status.changed.join(", ")}</span>}
      </div>
    </header>
  );
}

/** Who else uses the block's file: blocks of this pipeline, then other pipelines. */
function sharersOf(detail: PipelineDetail, block: BlockDetail): string {
  if (!block.file) return "";
  const here = detail.blocks.filter((one) => one.file === block.file && one.uuid !== block.uuid).map((one) => one.name);
  return [...here, ...block.shared_with.map((pipeline) => `pipeline ${pipeline}`)].join(", ");
}

/** Drags the block to another place. With the keyboard, Alt and an arrow do the same. */
function Grip({ block, name }: { block: string; name: string }) {
  const session = useSession();
  return (
    <span
      draggable
      aria-hidden="true"
      title={`Drag ${name} to another place (Alt+↑ and Alt+↓ move it too)`}
      className="flex-none cursor-grab text-muted opacity-50 hover:opacity-100"
      onDragStart={(event) => {
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("application/x-penstock-block", block);
        const card = event.currentTarget.closest("[data-block]");
        if (card) event.dataTransfer.setDragImage(card, 12, 12);
        session.ui.setState({ drag: { block, after: block } });
      }}
      onDragEnd={() => session.ui.setState({ drag: null })}
    >
      <GripVertical size={13} aria-hidden="true" />
    </span>
  );
}
