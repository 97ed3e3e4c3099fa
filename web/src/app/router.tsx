/** The pages: one row each, loaded when they are first opened. Pipeline ids may hold `/`, which the address encodes. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { BASE } from "../api/client";
import { NotFound, PageError } from "./problems";
import { Shell } from "./Shell";

export type EditorTab = "graph" | "data" | "chart" | "logs" | "diff";

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageError });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("../features/home/HomePage"), "HomePage"),
});

const pipelines = createRoute({
  getParentRoute: () => root,
  path: "/pipelines",
  validateSearch: (search: Record<string, unknown>) => ({ q: text(search.q), tag: text(search.tag), type: text(search.type), state: text(search.state), group: text(search.group), new: text(search.new) }),
  component: lazyRouteComponent(() => import("../features/pipelines/PipelinesPage"), "PipelinesPage"),
});

const editor = createRoute({
  getParentRoute: () => root,
  path: "/pipelines/$pipeline",
  validateSearch: (search: Record<string, unknown>) => ({
    block: text(search.block),
    tab: text(search.tab) as EditorTab | undefined,
    output: text(search.output),
    version: text(search.version),
    view: text(search.view),
    line: typeof search.line === "number" ? search.line : undefined,
  }),
  component: lazyRouteComponent(() => import("../features/editor/EditorPage"), "EditorPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  component: lazyRouteComponent(() => import("../features/settings/SettingsPage"), "SettingsPage"),
});

const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  validateSearch: (search: Record<string, unknown>) => ({ pipeline: text(search.pipeline), state: text(search.state), q: text(search.q) }),
  component: lazyRouteComponent(() => import("../features/runs/RunsPage"), "RunsPage"),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$run",
  validateSearch: (search: Record<string, unknown>) => ({ block: text(search.block), tab: text(search.tab) }),
  component: lazyRouteComponent(() => import("../features/runs/RunPage"), "RunPage"),
});

const data = createRoute({
  getParentRoute: () => root,
  path: "/data",
  validateSearch: (search: Record<string, unknown>) => ({ q: text(search.q), pipeline: text(search.pipeline), kind: text(search.kind) }),
  component: lazyRouteComponent(() => import("../features/data/DataPage"), "DataPage"),
});

const product = createRoute({
  getParentRoute: () => root,
  path: "/data/$pipeline/$block",
  validateSearch: (search: Record<string, unknown>) => ({ version: text(search.version), tab: text(search.tab), output: text(search.output), partition: text(search.partition), before: text(search.before) }),
  component: lazyRouteComponent(() => import("../features/data/ProductPage"), "ProductPage"),
});

const files = createRoute({
  getParentRoute: () => root,
  path: "/files",
  validateSearch: (search: Record<string, unknown>) => ({ path: text(search.path), line: typeof search.line === "number" ? search.line : undefined }),
  component: lazyRouteComponent(() => import("../features/files/FilesPage"), "FilesPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([home, pipelines, editor, runs, run, data, product, files, settings]),
  basepath: BASE || "/",
  defaultPreload: "intent",
  defaultErrorComponent: PageError,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
