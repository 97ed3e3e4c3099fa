import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

export type Tab = "graph" | "data" | "chart" | "logs" | "diff";
export type View = "variables" | "block" | "pipeline" | "yaml" | "problems";

export interface Selection {
  block: string | null;
  tab: Tab;
  output?: string;
  version?: string;
  /** Which of its children is shown, of a block that ran once for each item. */
  child?: string;
  /** The block that stands at the right, beside the notebook. */
  beside?: string;
  /** A block and a run, as `block@run`: the block runs on what it was given in that run. */
  given?: string;
  /** A panel of settings in the place of the follower. */
  view?: View;
}

const ROUTE = "/pipelines/$pipeline" as const;

/** What is selected in the editor. It lives in the address alone, so that a link shows the same. */
export function useSelection(): Selection {
  const search = useSearch({ from: ROUTE });
  return useMemo(
    () => ({
      block: search.block ?? null,
      // With nothing selected, the whole is what can be followed.
      tab: search.tab ?? (search.block ? "data" : "graph"),
      output: search.output,
      version: search.version,
      child: search.child,
      beside: search.beside,
      given: search.given,
      view: search.view as View | undefined,
    }),
    [search.block, search.tab, search.output, search.version, search.child, search.beside, search.given, search.view],
  );
}

type Change = { tab?: Tab; output?: string; version?: string; child?: string; view?: View; block?: string };

export interface Navigation {
  select: (block: string | null) => void;
  show: (change: Change) => void;
  /** Has every block run on the newest outputs again. */
  forgetGiven: () => void;
  /** Puts a block beside the notebook; null puts it back. */
  beside: (block: string | null) => void;
  openFile: (path: string, line?: number) => void;
  openPipeline: (pipeline: string, block?: string | null) => void;
}

/** Moves the selection. Another block drops the output and version of the one before. */
export function useNavigation(): Navigation {
  const navigate = useNavigate({ from: ROUTE });
  const select = useCallback(
    (block: string | null) =>
      void navigate({
        search: (now) => ({ ...now, block: block ?? undefined, output: undefined, version: undefined, child: undefined, line: undefined }),
        replace: true,
      }),
    [navigate],
  );
  const show = useCallback(
    (change: Change) =>
      void navigate({
        search: (now) => {
          const other = change.block !== undefined && change.block !== now.block;
          const base = other ? { ...now, output: undefined, version: undefined, child: undefined } : now;
          return { ...base, ...change, view: change.view };
        },
        replace: true,
      }),
    [navigate],
  );
  const beside = useCallback((block: string | null) => void navigate({ search: (now) => ({ ...now, beside: block ?? undefined }), replace: true }), [navigate]);
  const forgetGiven = useCallback(() => void navigate({ search: (now) => ({ ...now, given: undefined }), replace: true }), [navigate]);
  const openFile = useCallback((path: string, line?: number) => void navigate({ to: "/files", search: { path, line } }), [navigate]);
  const openPipeline = useCallback(
    (pipeline: string, block?: string | null) =>
      void navigate({ to: ROUTE, params: { pipeline }, search: { block: block ?? undefined }, replace: true }),
    [navigate],
  );
  return useMemo(() => ({ select, show, beside, forgetGiven, openFile, openPipeline }), [select, show, beside, forgetGiven, openFile, openPipeline]);
}
