import { createStore } from "zustand/vanilla";

/** Where the cursor is to go as soon as the block's editor is there; `line` counts from 1. */
export interface FocusRequest {
  block: string;
  line?: number;
  /** The block whose card it stands in, when it is attached to that one. */
  under?: string;
  /** The block's name instead of its code. */
  rename?: boolean;
}

/** Where a new block is to go: behind a block, first (null), with these blocks as its upstream. */
export interface AddRequest {
  after: string | null;
  upstream: string[];
  type?: string;
  language?: string;
  /** It is to be attached to its upstream: of no other type than `type`. */
  attached?: boolean;
}

export interface UiState {
  collapsed: ReadonlySet<string>;
  /** Conditions and callbacks whose code is shown: they are folded until somebody looks. */
  opened: ReadonlySet<string>;
  focus: FocusRequest | null;
  adding: AddRequest | null;
  merging: string | null;
  fullscreen: string | null;
  /** The block that runs on what it was given in a run, the versions that this was, null until that is known, or why it is not; and the run's variables. */
  given: { block: string; run: string; inputs: Readonly<Record<string, string>> | null; variables: Readonly<Record<string, unknown>>; problem?: string } | null;
  /** The block that is being dragged, and the block that it would stand behind (null: first). */
  drag: { block: string; after: string | null } | null;
}

export function createUi() {
  return createStore<UiState>(() => ({
    collapsed: new Set<string>(),
    opened: new Set<string>(),
    focus: null,
    adding: null,
    merging: null,
    fullscreen: null,
    given: null,
    drag: null,
  }));
}

export function toggled(set: ReadonlySet<string>, item: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}
