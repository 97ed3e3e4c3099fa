import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useLayoutEffect, useMemo } from "react";
import { useStore } from "zustand";
import { ApiError } from "../../api/client";
import { live, useConnection } from "../../api/live";
import type { PipelineDetail, PipelineEvent } from "../../api/types";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { SplitPane } from "../../ui/SplitPane";
import { AddDialog } from "./add/AddDialog";
import "./editor.css";
import { Follower } from "./follower/Follower";
import { EditorHeader } from "./header/EditorHeader";
import { Beside } from "./notebook/Beside";
import { Notebook } from "./notebook/Notebook";
import { Outline } from "./outline/Outline";
import { pipelineQuery, statusQuery } from "./queries";
import { SessionContext } from "./session/context";
import { useGiven } from "./session/given";
import { useLayout } from "./session/layout";
import { useNavigation, useSelection } from "./session/selection";
import { anythingUnsaved, sessionOf, type EditorSession } from "./session/session";
import { useEditorCommands } from "./session/useEditorCommands";

const Panel = lazy(() => import("./panels/Panel").then((module) => ({ default: module.Panel })));
const MergeDialog = lazy(() => import("./merge/MergeDialog").then((module) => ({ default: module.MergeDialog })));

const known = () => true;

/** The pipeline editor: the notebook at the left, what is selected in it at the right. */
export function EditorPage() {
  const { pipeline } = useParams({ from: "/pipelines/$pipeline" });
  const client = useQueryClient();
  const session = useMemo(() => sessionOf(pipeline, client), [pipeline, client]);
  const detail = useQuery(pipelineQuery(pipeline));
  // Only that it is there: what it says is followed block by block.
  const status = useQuery({ ...statusQuery(pipeline), select: known });
  useLive(session, status.data === true);
  useUnsaved(session);
  useLayoutEffect(() => {
    if (detail.data) session.takeTexts(detail.data);
  }, [session, detail.data]);

  if (detail.isPending) return <div className="p-6"><Spinner label="Opening the pipeline" /></div>;
  if (!detail.data) {
    const gone = detail.error instanceof ApiError && detail.error.status === 404;
    const others = <Link to="/pipelines" className="text-accent underline">All pipelines</Link>;
    return gone ? <EmptyState page title={`There is no pipeline ${pipeline}`} action={others}>It may have been renamed or deleted.</EmptyState> : <ErrorCard className="m-6" error={detail.error} action={<><Link to="/files" search={{ path: `pipelines/${pipeline}/metadata.yaml` }} className="text-accent underline">Open its file</Link>{others}</>} />;
  }
  return (
    <SessionContext value={session}>
      <Editor key={pipeline} session={session} detail={detail.data} error={detail.error ?? status.error} />
    </SessionContext>
  );
}

function Editor({ session, detail, error }: { session: EditorSession; detail: PipelineDetail; error: Error | null }) {
  const selection = useSelection();
  const { outline, follower } = useLayout();
  const merging = useStore(session.ui, (ui) => ui.merging);
  useEditorCommands(session, detail, selection);
  useGiven(session, selection.given);
  const { beside } = useNavigation();
  const second = detail.blocks.findIndex((block) => block.uuid === selection.beside);
  const besides = detail.blocks[second];
  useEffect(() => {
    // Renamed or deleted: nothing stands beside any more.
    if (selection.beside !== undefined && second < 0) beside(null);
  }, [beside, selection.beside, second]);
  const right = selection.view ? (
    <Suspense fallback={<div className="p-3"><Spinner /></div>}>
      <Panel view={selection.view} detail={detail} block={selection.block} />
    </Suspense>
  ) : besides ? (
    <Beside block={besides} index={second} count={detail.blocks.length} selected={besides.uuid === selection.block} />
  ) : (
    <Follower detail={detail} selection={selection} />
  );
  const panes = [
    ...(outline ? [{ id: "outline", size: 16, min: 10, content: <Outline blocks={detail.blocks} selected={selection.block} /> }] : []),
    { id: "notebook", size: 48, min: 25, content: <Notebook blocks={detail.blocks} selected={selection.block} beside={selection.beside} /> },
    ...(follower || selection.view || besides ? [{ id: besides && !selection.view ? "beside" : "follower", size: besides ? 44 : 36, min: 18, content: right }] : []),
  ];
  return (
    <div className="flex h-full flex-col">
      <EditorHeader detail={detail} view={selection.view} />
      {error && <ErrorCard className="m-2" error={error} />}
      <div className="min-h-0 flex-1">
        <SplitPane key={panes.map((pane) => pane.id).join()} name={`editor.${panes.map((pane) => pane.id).join()}`} panes={panes} />
      </div>
      <AddDialog />
      {merging !== null && (
        <Suspense fallback={null}>
          <MergeDialog block={merging} />
        </Suspense>
      )}
    </div>
  );
}

/** Hears of the pipeline from the moment that its status was told: nothing in between is missed. */
function useLive(session: EditorSession, begun: boolean): void {
  useEffect(() => {
    if (!begun) return undefined;
    const handler = {
      onEvents: (events: unknown[]) => session.hear(events as PipelineEvent[]),
      onReset: () => session.reset(),
    };
    return live.subscribe(`pipeline:${session.pipeline}`, handler, session.status?.seq ?? null);
  }, [session, begun]);
}

/** Saves what is unsaved when the page is left, and what could not be saved once the server is back; asks before text is lost that could not be saved. */
function useUnsaved(session: EditorSession): void {
  useEffect(() => () => void session.documents.saveAll(), [session]);
  useEffect(() => {
    return useConnection.subscribe((now, before) => {
      if (now.state === "open" && before.state !== "open") void session.documents.saveAll();
    });
  }, [session]);
  useBlocker({ shouldBlockFn: () => false, enableBeforeUnload: anythingUnsaved });
}
