import { api, segment } from "../../../api/client";
import { queryClient } from "../../../api/queryClient";

export interface ColumnName {
  name: string;
  type: string;
}

export interface UpstreamNames {
  block: string;
  argument: string | null;
  table: string;
  kind: string | null;
  columns: ColumnName[];
}

/** What can be completed in a block, from what is stored. */
export interface BlockNames {
  upstream: UpstreamNames[];
  tables: string[];
  variables: { name: string; type: string; source: "pipeline" | "given" }[];
  project_modules: string[];
}

export interface TextFinding {
  line: number;
  column: number;
  severity: "error" | "warning" | "info";
  message: string;
  hint: string;
  code: string;
}

/** How long names are taken as they were: typing asks often, and runs change them. */
const FRESH = 3000;

export async function namesOf(pipeline: string, block: string): Promise<BlockNames | null> {
  try {
    return await queryClient.fetchQuery({
      queryKey: ["names", pipeline, block],
      queryFn: () => api.get<BlockNames>(`/pipelines/${segment(pipeline)}/blocks/${segment(block)}/names`),
      staleTime: FRESH,
    });
  } catch {
    return null; // completion is help: without the server there is none, and the page says so elsewhere
  }
}

export async function findingsOf(asked: { content: string; pipeline?: string; block?: string; path?: string }): Promise<TextFinding[]> {
  try {
    return (await api.post<{ diagnostics: TextFinding[] }>("/language/check", { body: asked })).diagnostics;
  } catch {
    return [];
  }
}

/** A text as the formatter writes it. Throws ApiError: it does not parse, or there is no formatter. */
export async function formatText(asked: { language: string; content: string; path?: string | null }): Promise<string> {
  return (await api.post<{ content: string }>("/language/format", { body: asked })).content;
}
