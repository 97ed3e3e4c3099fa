/** The pages: one row each, loaded when they are first opened. Pipeline ids may hold `/`, which the address encodes. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { BASE } from "../api/client";
import { fetched } from "./parts";
import { NotFound, PageError } from "./problems";
import { Shell } from "./Shell";

export type EditorTab = "graph" | "data" | "chart" | "logs" | "diff";

/** Texts of an address, each of which may be missing: what is not asked for is left out of links, too. */
function texts<K extends string>(...names: K[]) {
  return (search: Record<string, unknown>): Partial<Record<K, string>> => {
    const found: Partial<Record<K, string>> = {};
    for (const name of names) {
      const value = search[name];
      if (typeof value === "string" && value !== "") found[name] = value;
      else if (typeof value === "number" || typeof value === "boolean") found[name] = String(value);
    }
    return found;
  };
}

function line(search: Record<string, unknown>): { line?: number } {
  return typeof search.line === "number" ? { line: search.line } : {};
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageError });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(fetched(() => import("../features/home/HomePage")), "HomePage"),
});

const pipelines = createRoute({
  getParentRoute: () => root,
  path: "/pipelines",
  validateSearch: texts("q", "tag", "type", "state", "group", "sort"),
  component: lazyRouteComponent(fetched(() => import("../features/pipelines/PipelinesPage")), "PipelinesPage"),
});

type EditorSearch = Partial<Record<"block" | "output" | "version" | "child" | "beside" | "given" | "view", string>> & { tab?: EditorTab };

const editor = createRoute({
  getParentRoute: () => root,
  path: "/pipelines/$pipeline",
  validateSearch: (search: Record<string, unknown>): EditorSearch & { line?: number } => ({
    ...(texts("block", "output", "version", "child", "beside", "given", "view", "tab")(search) as EditorSearch),
    ...line(search),
  }),
  component: lazyRouteComponent(fetched(() => import("../features/editor/EditorPage")), "EditorPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(fetched(() => import("../features/settings/SettingsPage")), "SettingsPage"),
});

const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  validateSearch: texts("pipeline", "state", "q", "trigger", "backfill", "origin", "since", "from", "to"),
  component: lazyRouteComponent(fetched(() => import("../features/runs/RunsPage")), "RunsPage"),
});

const triggers = createRoute({
  getParentRoute: () => root,
  path: "/triggers",
  validateSearch: texts("q", "pipeline", "kind", "state", "tag"),
  component: lazyRouteComponent(fetched(() => import("../features/triggers/TriggersPage")), "TriggersPage"),
});

const newTrigger = createRoute({
  getParentRoute: () => root,
  path: "/triggers/new",
  validateSearch: texts("pipeline"),
  component: lazyRouteComponent(fetched(() => import("../features/triggers/TriggerPage")), "NewTriggerPage"),
});

const trigger = createRoute({
  getParentRoute: () => root,
  path: "/triggers/$trigger",
  component: lazyRouteComponent(fetched(() => import("../features/triggers/TriggerPage")), "TriggerPage"),
});

const calendar = createRoute({
  getParentRoute: () => root,
  path: "/calendar",
  validateSearch: texts("span"),
  component: lazyRouteComponent(fetched(() => import("../features/triggers/CalendarPage")), "CalendarPage"),
});

const backfills = createRoute({
  getParentRoute: () => root,
  path: "/backfills",
  validateSearch: texts("pipeline", "new"),
  component: lazyRouteComponent(fetched(() => import("../features/backfills/BackfillsPage")), "BackfillsPage"),
});

const backfill = createRoute({
  getParentRoute: () => root,
  path: "/backfills/$backfill",
  component: lazyRouteComponent(fetched(() => import("../features/backfills/BackfillPage")), "BackfillPage"),
});

const monitor = createRoute({
  getParentRoute: () => root,
  path: "/monitor",
  validateSearch: texts("pipeline", "days"),
  component: lazyRouteComponent(fetched(() => import("../features/monitor/MonitorPage")), "MonitorPage"),
});

const logs = createRoute({
  getParentRoute: () => root,
  path: "/logs",
  validateSearch: texts("q", "pipeline", "run", "block", "level", "since", "from", "to"),
  component: lazyRouteComponent(fetched(() => import("../features/logs/LogsPage")), "LogsPage"),
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: "/alerts",
  component: lazyRouteComponent(fetched(() => import("../features/alerts/AlertsPage")), "AlertsPage"),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$run",
  validateSearch: texts("block", "tab", "view"),
  component: lazyRouteComponent(fetched(() => import("../features/runs/RunPage")), "RunPage"),
});

const data = createRoute({
  getParentRoute: () => root,
  path: "/data",
  validateSearch: texts("q", "pipeline", "kind", "age"),
  component: lazyRouteComponent(fetched(() => import("../features/data/DataPage")), "DataPage"),
});

const product = createRoute({
  getParentRoute: () => root,
  path: "/data/$pipeline/$block",
  validateSearch: texts("version", "tab", "output", "partition", "before"),
  component: lazyRouteComponent(fetched(() => import("../features/data/ProductPage")), "ProductPage"),
});

const templates = createRoute({
  getParentRoute: () => root,
  path: "/templates",
  validateSearch: texts("q", "type", "source", "template", "tab"),
  component: lazyRouteComponent(fetched(() => import("../features/templates/TemplatesPage")), "TemplatesPage"),
});

const files = createRoute({
  getParentRoute: () => root,
  path: "/files",
  validateSearch: (search: Record<string, unknown>) => ({ ...texts("path")(search), ...line(search) }),
  component: lazyRouteComponent(fetched(() => import("../features/files/FilesPage")), "FilesPage"),
});

const terminal = createRoute({
  getParentRoute: () => root,
  path: "/terminal",
  component: lazyRouteComponent(fetched(() => import("../features/terminal/TerminalPage")), "TerminalPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([home, pipelines, editor, runs, run, monitor, logs, alerts, triggers, newTrigger, trigger, calendar, backfills, backfill, data, product, files, templates, settings, terminal]),
  basepath: BASE || "/",
  defaultPreload: "intent",
  defaultErrorComponent: PageError,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
  /** What a page is told besides its address; gone after a reload. */
  interface HistoryState {
    /** The pipeline was made just now, under a name that nobody chose. */
    naming?: boolean;
  }
}
