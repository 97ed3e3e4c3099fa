/** The JSON of triggers, backfills, alerts and what is watched: as the server describes it, by the names that pages use. */
import type { components } from "./schema";
import type { RunSummary } from "./types";

type Schemas = components["schemas"];
/** What the server sends, with runs as the pages know them. */
type WithRun<T> = Omit<T, "last_run"> & { last_run: RunSummary | null };

export type TriggerSummary = WithRun<Schemas["TriggerSummary"]>;
export type TriggerList = Omit<Schemas["TriggerList"], "triggers"> & { triggers: TriggerSummary[] };
export type TriggerDetail = WithRun<Schemas["TriggerDetail"]>;
export type TriggerCreated = WithRun<Schemas["TriggerCreated"]>;
export type TriggerPreview = Schemas["TriggerPreview"];
export type CalendarDetail = Schemas["Calendar"];
export type CalendarLane = Schemas["CalendarLane"];
export type CalendarSlot = Schemas["CalendarSlot"];

export type Waiting = Schemas["Waiting"];
export type Explanation = Schemas["Explanation"];

export type BackfillSummary = Schemas["Backfill"];
export type BackfillPreview = Schemas["BackfillPreview"];
export type BackfillRun = BackfillPreview["runs"][number];

export type HoursDetail = Schemas["HoursPage"];
export type MonitorDetail = Schemas["MonitorPage"];
export type MonitorDay = MonitorDetail["days"][number];
export type MonitorPipeline = MonitorDetail["pipelines"][number];

export type FoundLines = Schemas["ProjectLogLines"];
export type FoundLine = FoundLines["lines"][number];

export type AlertDetail = Schemas["AlertDetail"];
export type AlertSettings = Schemas["AlertSettingsDetail"];
export type AlertChannel = AlertSettings["channels"][number];
export type ChannelField = AlertChannel["fields"][number];
export type MuteDetail = Schemas["MuteDetail"];
