import { useStore } from "zustand";
import type { PipelineDetail } from "../../../api/types";
import { showKeys, useCommands, type Command } from "../../../app/commands";
import { deleteBlock, duplicateBlock, stepBlock } from "./changes";
import { interrupt, restartScratch, runBlock, runPipeline, runScratch } from "./running";
import { setLayout, useLayout } from "./layout";
import { useNavigation, type Selection } from "./selection";
import type { EditorSession } from "./session";
import { toggled } from "./ui";

const editing = () => document.activeElement?.closest(".cm-editor") !== null && document.activeElement !== document.body;

/** The line of the cursor in the focused editor, from 1; undefined when none has the focus. */
function cursorLine(): number | undefined {
  const gutter = document.activeElement?.closest(".cm-editor")?.querySelector(".cm-lineNumbers .cm-activeLineGutter");
  return gutter?.textContent ? Number(gutter.textContent) : undefined;
}

/** Every action of the editor, with its keys: for the palette, the key map and the keyboard. */
export function useEditorCommands(session: EditorSession, detail: PipelineDetail, selection: Selection): void {
  const { select, show, beside: putBeside } = useNavigation();
  const layout = useLayout();
  const full = useStore(session.ui, (ui) => ui.fullscreen);
  const { beside } = selection;
  const order = detail.blocks.map((block) => block.uuid);
  const at = selection.block ? order.indexOf(selection.block) : -1;
  const block = at >= 0 ? detail.blocks[at] : undefined;
  const uuid = block?.uuid ?? "";
  const name = block?.name ?? "block";
  const any = block !== undefined;

  const run = () => {
    const line = block?.type === "scratchpad" ? cursorLine() : undefined;
    void (line === undefined ? runBlock(session, uuid) : runScratch(session, uuid, line));
  };
  const go = (to: number) => {
    const next = order[Math.max(0, Math.min(order.length - 1, to))];
    if (next === undefined) return;
    select(next);
    document.getElementById(`block-${next}`)?.focus({ preventScroll: true });
  };
  const runAndGo = () => {
    run();
    const next = order[at + 1];
    if (next === undefined) session.ui.setState({ adding: { after: uuid, upstream: block?.accepts_upstream ? [uuid] : [] } });
    else {
      if (editing()) session.ui.setState({ focus: { block: next } });
      select(next);
    }
  };
  const add = (after: string | null, upstream: string[]) => session.ui.setState({ adding: { after, upstream } });
  const inCode = (what: string) => block && void import("../code/act").then(({ act }) => act(what, block));
  const below = () => add(any ? uuid : (order.at(-1) ?? null), block?.accepts_upstream ? [uuid] : []);

  const commands: Command[] = [
    { id: "block.run", title: `Run ${name}`, group: "Block", keys: ["Mod+Enter"], enabled: any, run },
    { id: "block.runNext", title: `Run ${name} and go to the next block`, group: "Block", keys: ["Shift+Enter"], inText: true, enabled: any, run: runAndGo },
    { id: "block.runUpstream", title: `Run ${name} with everything before it`, group: "Block", enabled: any, run: () => void runBlock(session, uuid, "upstream") },
    { id: "block.runIncomplete", title: `Run ${name} with what is missing before it`, group: "Block", enabled: any, run: () => void runBlock(session, uuid, "incomplete") },
    { id: "block.runDownstream", title: `Run ${name} with everything after it`, group: "Block", enabled: any, run: () => void runBlock(session, uuid, "downstream") },
    { id: "pipeline.run", title: "Run all blocks", group: "Pipeline", keys: ["Mod+Shift+Enter"], run: () => void runPipeline(session, "all") },
    { id: "pipeline.runStale", title: "Run what is stale", group: "Pipeline", run: () => void runPipeline(session, "stale") },
    { id: "pipeline.interrupt", title: "Interrupt what runs", group: "Pipeline", keys: ["I I"], run: () => void interrupt(session, block?.type === "scratchpad" ? uuid : undefined) },
    { id: "scratch.restart", title: `Restart ${name}`, group: "Block", keys: ["0 0"], enabled: block?.type === "scratchpad", run: () => void restartScratch(session, uuid) },
    { id: "pipeline.save", title: "Save everything", group: "Pipeline", keys: ["Mod+S"], run: () => void session.documents.saveAll() },
    { id: "block.add", title: "Add a block…", group: "Block", keys: ["Mod+/"], run: below },
    { id: "block.addAbove", title: "Add a block above", group: "Block", keys: ["A"], run: () => add(at > 0 ? (order[at - 1] ?? null) : null, []) },
    { id: "block.addBelow", title: "Add a block below", group: "Block", keys: ["B"], run: below },
    { id: "block.edit", title: `Edit ${name}`, group: "Block", keys: ["Enter"], enabled: any, run: () => session.ui.setState({ focus: { block: uuid } }) },
    { id: "block.rename", title: `Rename ${name}`, group: "Block", keys: ["F2"], enabled: any, run: () => session.ui.setState({ focus: { block: uuid, rename: true } }) },
    { id: "block.next", title: "Select the next block", group: "Block", keys: ["ArrowDown", "J"], run: () => go(at + 1) },
    { id: "block.previous", title: "Select the block before", group: "Block", keys: ["ArrowUp", "K"], run: () => go(at - 1) },
    { id: "block.moveUp", title: `Move ${name} up`, group: "Block", keys: ["Alt+ArrowUp"], enabled: at > 0, run: () => void stepBlock(session, uuid, -1) },
    { id: "block.moveDown", title: `Move ${name} down`, group: "Block", keys: ["Alt+ArrowDown"], enabled: any && at < order.length - 1, run: () => void stepBlock(session, uuid, 1) },
    { id: "block.duplicate", title: `Duplicate ${name}`, group: "Block", enabled: any, run: () => void duplicateBlock(session, uuid, select) },
    { id: "block.delete", title: `Delete ${name}`, group: "Block", keys: ["D D"], enabled: any, run: () => void deleteBlock(session, uuid, select) },
    { id: "block.fold", title: `Fold or unfold ${name}`, group: "Block", keys: ["Z"], enabled: any, run: () => session.ui.setState((ui) => ({ collapsed: toggled(ui.collapsed, uuid) })) },
    { id: "block.fullscreen", title: `Full screen for ${name}`, group: "Block", keys: ["F"], enabled: any, run: () => session.ui.setState((ui) => ({ fullscreen: ui.fullscreen ? null : uuid })) },
    { id: "block.beside", title: beside === uuid && any ? `Put ${name} back into its place` : `Show ${name} beside the others`, group: "Block", keys: ["S"], enabled: any && order.length > 1, run: () => putBeside(beside === uuid ? null : uuid) },
    { id: "code.format", title: `Format the code of ${name}`, group: "Code", keys: ["Alt+Shift+F"], enabled: block?.language === "python" || block?.language === "sql", run: () => inCode("format") },
    { id: "code.definition", title: "Go to the definition of the name at the cursor", group: "Code", keys: ["F12"], enabled: block?.language === "python", run: () => inCode("definition") },
    { id: "code.rename", title: "Rename the name at the cursor everywhere (F2 in the code)", group: "Code", enabled: block?.language === "python", run: () => inCode("rename") },
    { id: "code.find", title: `Find and replace in ${name} (${showKeys("Mod+F")} in the code)`, group: "Code", enabled: any, run: () => inCode("find") },
    { id: "block.leaveFullscreen", title: "Leave full screen", group: "Block", keys: ["Escape"], enabled: full !== null, run: () => session.ui.setState({ fullscreen: null }) },
    { id: "block.settings", title: `Settings of ${name}`, group: "Block", enabled: any, run: () => show({ view: "block" }) },
    { id: "pipeline.variables", title: "Variables of the pipeline", group: "Pipeline", keys: ["V"], run: () => show({ view: "variables" }) },
    { id: "pipeline.settings", title: "Settings of the pipeline", group: "Pipeline", run: () => show({ view: "pipeline" }) },
    { id: "pipeline.yaml", title: "The pipeline's file as YAML", group: "Pipeline", run: () => show({ view: "yaml" }) },
    { id: "pipeline.problems", title: "Problems of the pipeline", group: "Pipeline", run: () => show({ view: "problems" }) },
    { id: "tab.graph", title: "Show the graph", group: "View", keys: ["G"], run: () => show({ tab: "graph" }) },
    { id: "tab.data", title: "Show the data of the block", group: "View", keys: ["O"], run: () => show({ tab: "data" }) },
    { id: "tab.chart", title: "Show the charts of the block", group: "View", keys: ["C"], run: () => show({ tab: "chart" }) },
    { id: "tab.diff", title: "Show what changed in the block", group: "View", keys: ["X"], run: () => show({ tab: "diff" }) },
    { id: "tab.logs", title: "Show the logs of the block", group: "View", keys: ["L"], run: () => show({ tab: "logs" }) },
    { id: "view.focus", title: "Focus: the notebook alone", group: "View", keys: ["Shift+F"], run: () => setLayout(layout.outline || layout.follower ? { outline: false, follower: false } : { outline: true, follower: true }) },
    { id: "view.outline", title: "Show or hide the outline", group: "View", run: () => setLayout({ outline: !layout.outline }) },
    { id: "view.follower", title: "Show or hide the right side", group: "View", run: () => setLayout({ follower: !layout.follower }) },
  ];
  useCommands(commands);
}
