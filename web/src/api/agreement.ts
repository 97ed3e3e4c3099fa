/**
 * Holds the hand-written types of this folder to what the server says it sends; `npm run check` fails where they differ.
 * Texts of which the server knows more than their kind ("running") count as texts here.
 */
import type { components } from "./schema";
import type * as Told from "./types";

type Schemas = components["schemas"];
type Plain<T> = T extends string
  ? string
  : T extends readonly (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;
type Fits<Sent extends Wanted, Wanted> = Sent;

/** What the server sends can be used as what the pages expect. */
export type Agreement = [
  Fits<Plain<Schemas["DiagnosticDetail"]>, Plain<Told.Diagnostic>>,
  Fits<Plain<Schemas["ProjectInfo"]>, Plain<Told.ProjectInfo>>,
  Fits<Plain<Schemas["PipelineSummary"]>, Plain<Told.PipelineSummary>>,
  Fits<Plain<Schemas["PipelineDetail"]>, Plain<Told.PipelineDetail>>,
  Fits<Plain<Schemas["BlockDetail"]>, Plain<Told.BlockDetail>>,
  Fits<Plain<Schemas["ChartDetail"]>, Plain<Told.ChartDetail>>,
  Fits<Plain<Schemas["BlockChanged"]>, Plain<Told.BlockChanged>>,
  Fits<Plain<Schemas["BlockDeleted"]>, Plain<Told.BlockDeleted>>,
  Fits<Plain<Schemas["ContentSaved"]>, Plain<Told.ContentSaved>>,
  Fits<Plain<Schemas["LibraryBlock"]>, Plain<Told.LibraryBlock>>,
  Fits<Plain<Schemas["RunSummary"]>, Plain<Told.RunSummary>>,
  Fits<Plain<Schemas["RunDetail"]>, Plain<Told.RunDetail>>,
  Fits<Plain<Schemas["BlockStatus"]>, Plain<Told.BlockStatus>>,
  Fits<Plain<Schemas["PipelineStatus"]>, Plain<Told.PipelineStatus>>,
  Fits<Plain<Schemas["TemplateSummary"]>, Plain<Told.Template>>,
  Fits<Plain<Schemas["TemplateDetail"]>, Plain<Told.TemplateDetail>>,
];
