import { useQuery } from "@tanstack/react-query";
import { createContext, use } from "react";
import { useStore } from "zustand";
import type { BlockDetail, BlockStatus, PipelineDetail, PipelineStatus } from "../../../api/types";
import { phaseOf, type Document, type Phase } from "../documents/machine";
import { pipelineQuery } from "../queries";
import { NEVER } from "../status/patch";
import { EMPTY, type Scratchpad } from "../status/scratchpads";
import type { Console } from "../status/consoles";
import type { EditorSession } from "./session";
import type { UiState } from "./ui";

export const SessionContext = createContext<EditorSession | null>(null);

export function useSession(): EditorSession {
  const session = use(SessionContext);
  if (!session) throw new Error("There is no open pipeline around this part of the editor.");
  return session;
}

export function useUi<T>(select: (state: UiState) => T): T {
  return useStore(useSession().ui, select);
}

/** A part of a block's text and how it stands; drawn again only when that part changes. */
export function useDocument<T>(block: string, select: (doc: Document | undefined) => T): T {
  return useStore(useSession().documents.store, (state) => select(state.docs[block]));
}

export function usePhase(block: string): Phase | null {
  return useDocument(block, (doc) => (doc ? phaseOf(doc) : null));
}

export function useConsole(block: string): Console | undefined {
  return useStore(useSession().consoles.store, (consoles) => consoles[block]);
}

export function useScratchpad(block: string): Scratchpad {
  return useStore(useSession().scratchpads.store, (pads) => pads[block] ?? EMPTY);
}

/** Part of the open pipeline; undefined until it is known. */
export function useDetail<T>(select: (detail: PipelineDetail) => T): T | undefined {
  return useQuery({ ...pipelineQuery(useSession().pipeline), select }).data;
}

const NONE: BlockDetail[] = [];

export function useBlocks(): BlockDetail[] {
  return useDetail((detail) => detail.blocks) ?? NONE;
}

/** Part of how the pipeline's blocks stand; undefined until it is known. */
export function useStatus<T>(select: (status: PipelineStatus) => T): T | undefined {
  return useStore(useSession().statuses, ({ status }) => (status ? select(status) : undefined));
}

/** How a block stands; undefined until the server has said so of any. */
export function useBlockStatus(block: string): BlockStatus | undefined {
  return useStatus((status) => status.blocks[block] ?? NEVER);
}
