import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, segment } from "../../api/client";
import type {
  BlockChanged,
  BlockDeleted,
  ContentSaved,
  Diagnostic,
  LibraryBlock,
  PipelineDetail,
  PipelineStatus,
  RunSummary,
  Template,
  TemplateDetail,
} from "../../api/types";
import { DATA_FILE } from "./add/readers";
import type { Edit } from "./documents/store";

/** What the editor asks of the server. Every change answers with the whole pipeline, so nothing is fetched twice. */

export const pipelinePath = (pipeline: string) => `/pipelines/${segment(pipeline)}`;
export const blockPath = (pipeline: string, block: string) => `${pipelinePath(pipeline)}/blocks/${segment(block)}`;

export const pipelineQuery = (pipeline: string) =>
  queryOptions({
    queryKey: ["pipeline", pipeline],
    queryFn: ({ signal }) => api.get<PipelineDetail>(pipelinePath(pipeline), { signal }),
    staleTime: Infinity,
  });

export const statusQuery = (pipeline: string) =>
  queryOptions({
    queryKey: ["status", pipeline],
    queryFn: ({ signal }) => api.get<PipelineStatus>(`${pipelinePath(pipeline)}/status`, { signal }),
    staleTime: Infinity,
    // Blocks that did not change keep their identity by the patches themselves; comparing them deeply would cost more.
    structuralSharing: false,
  });

export interface NewBlock {
  /** A name to begin with: the next that is free is made of it. */
  suggested?: string;
  name?: string;
  type: string;
  language?: string;
  template?: string;
  content?: string;
  file?: string;
  configuration?: Record<string, unknown>;
  upstream?: string[];
  after?: string | null;
  color?: string | null;
}

export interface BlockChanges {
  name?: string;
  type?: string;
  language?: string;
  upstream?: string[];
  after?: string | null;
  configuration?: Record<string, unknown>;
  color?: string | null;
  timeout?: number | null;
  retry_config?: Record<string, unknown>;
  executor_type?: string | null;
  content?: string;
  content_revision?: string;
}

export interface PipelineChanges {
  revision?: string;
  name?: string;
  type?: string;
  description?: string;
  tags?: string[];
  variables?: { set?: Record<string, unknown>; delete?: string[] };
  settings?: Record<string, unknown>;
  order?: string[];
}

export interface RunRequest {
  /** Values for this run alone. */
  variables?: Record<string, unknown>;
  blocks?: string[];
  with_upstream?: boolean;
  with_downstream?: boolean;
  incomplete_upstream?: boolean;
  stale_only?: boolean;
  tests?: boolean;
  /** The versions to read of upstreams that do not run, by block; of others the newest. */
  inputs?: Readonly<Record<string, string>>;
  edits?: Edit[];
}

export interface RunBegun {
  run: RunSummary;
  saved: { block: string; content_revision: string }[];
}

export const requests = {
  addBlock: (p: string, body: NewBlock) => api.post<BlockChanged>(`${pipelinePath(p)}/blocks`, { body }),
  changeBlock: (p: string, b: string, body: BlockChanges) => api.patch<BlockChanged>(blockPath(p, b), { body }),
  saveBlock: (p: string, b: string, content: string, revision: string) =>
    api.put<ContentSaved>(`${blockPath(p, b)}/content`, { body: { content, revision } }),
  duplicateBlock: (p: string, b: string) => api.post<BlockChanged>(`${blockPath(p, b)}/duplicate`, { body: {} }),
  detachBlock: (p: string, b: string) => api.post<BlockChanged>(`${blockPath(p, b)}/detach`, { body: {} }),
  deleteBlock: (p: string, b: string) => api.del<BlockDeleted>(blockPath(p, b)),
  undo: (token: string) => api.post<{ pipeline: PipelineDetail | null; paths: string[] }>(`/undo/${segment(token)}`),
  changePipeline: (p: string, body: PipelineChanges) => api.patch<PipelineDetail>(pipelinePath(p), { body }),
  renamePipeline: (p: string, name: string) => api.post<PipelineDetail>(`${pipelinePath(p)}/rename`, { body: { name } }),
  saveYaml: (p: string, content: string, revision: string) =>
    api.put<YamlFile>(`${pipelinePath(p)}/yaml`, { body: { content, revision } }),
  run: (p: string, body: RunRequest) => api.post<RunBegun>(`${pipelinePath(p)}/runs`, { body }),
  interruptAll: (p: string) => api.post(`${pipelinePath(p)}/interrupt`),
  interrupt: (run: string, block: string) => api.post(`/runs/${segment(run)}/interrupt`, { body: { block } }),
  scratch: (p: string, b: string, action: "run" | "interrupt" | "restart", body: object = {}) =>
    api.post<{ execution: string }>(`/scratchpads/${segment(p)}/${segment(b)}/${action}`, { body }),
  deleteTemplate: (id: string) => api.del<{ undo: string }>(`/templates/${segment(id)}`),
  saveTemplate: (body: { name: string; description: string; pipeline: string; block: string }) => api.post<Template>("/templates", { body }),
};

export interface YamlFile {
  file: string;
  content: string;
  revision: string;
  diagnostics: Diagnostic[];
}

export const templatesQuery = queryOptions({
  queryKey: ["templates"],
  queryFn: () => api.get<{ templates: Template[] }>("/templates").then((answer) => answer.templates),
});

export const templateQuery = (id: string) =>
  queryOptions({
    queryKey: ["templates", id],
    queryFn: ({ signal }) => api.get<TemplateDetail>(`/templates/${segment(id)}`, { signal }),
  });

export const libraryQuery = queryOptions({
  queryKey: ["library"],
  queryFn: () => api.get<{ blocks: LibraryBlock[] }>("/blocks").then((answer) => answer.blocks),
  // Asked anew whenever the menu opens: files come and go, and the answer is small.
  staleTime: 0,
});

export const yamlQuery = (pipeline: string, revision: string) =>
  queryOptions({
    queryKey: ["yaml", pipeline, revision],
    queryFn: () => api.get<YamlFile>(`${pipelinePath(pipeline)}/yaml`),
  });

export const scratchVariablesQuery = (pipeline: string, block: string, execution: string) =>
  queryOptions({
    queryKey: ["scratch", pipeline, block, execution],
    queryFn: () =>
      api
        .get<{ variables: { name: string; type: string; summary: string }[] }>(`/scratchpads/${segment(pipeline)}/${segment(block)}/variables`)
        .then((answer) => answer.variables),
  });

/** The profiles of io_config.yaml: what stands at the beginning of a line. Values are not looked at. */
export const profilesQuery = queryOptions({
  queryKey: ["profiles"],
  queryFn: async () => {
    const file = await api.get<{ content: string | null }>("/files/content", { query: { path: "io_config.yaml" } });
    const names = [...(file.content ?? "").matchAll(/^([A-Za-z_][\w.-]*):/gm)].map((match) => match[1] as string);
    return names.filter((name) => name !== "version");
  },
  retry: false,
});

interface FolderEntry {
  name: string;
  path: string;
  kind: string;
  size: number;
  hidden: boolean;
}

const MOST_FOLDERS = 60;
const SKIPPED = new Set(["pipelines", "node_modules", "__pycache__", "venv"]);

/** The data files of the project: its folders breadth first, at most sixty of them. */
export const dataFilesQuery = queryOptions({
  queryKey: ["data-files"],
  staleTime: 0,
  queryFn: async () => {
    const found: FolderEntry[] = [];
    let level = [""];
    for (let seen = 0; level.length > 0 && seen < MOST_FOLDERS; ) {
      const now = level.slice(0, MOST_FOLDERS - seen);
      seen += now.length;
      const answers = await Promise.all(now.map((folder) => api.get<{ entries: FolderEntry[] }>("/files", { query: { folder } })));
      const entries = answers.flatMap((answer) => answer.entries).filter((entry) => !entry.hidden);
      found.push(...entries.filter((entry) => entry.kind === "file" && DATA_FILE.test(entry.name)));
      level = entries.filter((entry) => entry.kind === "folder" && !SKIPPED.has(entry.name)).map((entry) => entry.path);
    }
    return found.sort((one, other) => one.path.localeCompare(other.path));
  },
});

export interface FileVersion {
  id: string;
  at: number;
  size: number;
  source: string;
  author: string | null;
  message: string | null;
}

/** Earlier texts of a file; another revision makes another list. */
export const fileVersionsQuery = (path: string, revision: string) =>
  queryOptions({
    queryKey: ["file-versions", path, revision],
    queryFn: ({ signal }) => api.get<{ versions: FileVersion[] }>("/files/versions", { query: { path }, signal }).then((answer) => answer.versions),
    // A text may be what it was before, and have come another way: with other versions behind it.
    staleTime: 0,
  });

export const fileVersionQuery = (path: string, id: string) =>
  queryOptions({
    queryKey: ["file-version", path, id],
    queryFn: ({ signal }) => api.get<{ content: string | null; problem: string | null }>("/files/version", { query: { path, id }, signal }),
  });

/** The names of the secrets that blocks can ask for, as they were when the server was started. */
export function useSecrets() {
  return useQuery({ queryKey: ["secrets"], queryFn: ({ signal }) => api.get<{ names: string[]; prefix: string }>("/secrets", { signal }) });
}
