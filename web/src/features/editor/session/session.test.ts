import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { BlockDetail, PipelineDetail, PipelineStatus, RunSummary } from "../../../api/types";
import { pipelineQuery, statusQuery } from "../queries";
import { NEVER } from "../status/patch";
import { runBlock } from "./running";
import { EditorSession } from "./session";

const block = (uuid: string, content: string) =>
  ({ uuid, name: uuid, type: "data_loader", language: "python", upstream: [], downstream: [], runnable: true, content, content_revision: "1", file: `${uuid}.py` }) as unknown as BlockDetail;
const detail = (revision = "r1") => ({ uuid: "p", name: "p", revision, blocks: [block("a", "x"), block("b", "y")], callbacks: [], conditionals: [], notes: [] }) as unknown as PipelineDetail;
const run = { run: "r", pipeline: "p", state: "running", started: 1, blocks_total: 1, blocks_done: 0 } as RunSummary;

let answers: { status: number; body: unknown }[];
let asked: { method: string; url: string; body: unknown }[];

beforeEach(() => {
  answers = [];
  asked = [];
  // The network alone is stood in for: requests, cache and stores are the real ones.
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    asked.push({ method: init.method ?? "GET", url, body: init.body ? JSON.parse(String(init.body)) : null });
    const { status, body } = answers.shift() ?? { status: 500, body: {} };
    return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
  });
});
afterEach(() => vi.unstubAllGlobals());

function open(): EditorSession {
  const client = new QueryClient();
  const session = new EditorSession("p", client);
  session.setDetail(detail());
  const status: PipelineStatus = { blocks: { a: NEVER, b: NEVER }, runs: [], seq: 1 };
  client.setQueryData(statusQuery("p").queryKey, status);
  return session;
}

it("shows what an event says of a file, and keeps what is unsaved", () => {
  const session = open();
  session.documents.type("b", "mine");
  session.hear([
    { type: "content_changed", block: "a", content_revision: "2", content: "new" },
    { type: "content_changed", block: "b", content_revision: "2", content: "theirs" },
  ]);
  expect([session.documents.get("a")?.mine, session.documents.get("b")?.mine, session.documents.get("b")?.theirs?.content]).toEqual(["new", "mine", "theirs"]);
});

it("does not fetch the pipeline that its own change has just brought", async () => {
  const session = open();
  let fetched = 0;
  session.client.setQueryDefaults(["pipeline", "p"], { queryFn: () => (fetched++, detail("r2")) });
  const spy = vi.spyOn(session.client, "invalidateQueries");
  await session.change(async () => {
    session.hear([{ type: "pipeline_changed", revision: "r2" }]);
    session.setDetail(detail("r2"));
  });
  expect(spy).not.toHaveBeenCalled();
  session.hear([{ type: "pipeline_changed", revision: "r3" }]);
  expect(spy).toHaveBeenCalledWith({ queryKey: pipelineQuery("p").queryKey, exact: true });
});

it("saves what is unsaved with the run, and shows the press before the answer", async () => {
  const session = open();
  session.documents.type("a", "x = 1");
  answers.push({ status: 202, body: { run, saved: [{ block: "a", content_revision: "2" }] } });
  const pressed = runBlock(session, "a");
  expect(session.statuses.getState().status?.blocks.a?.state).toBe("queued");
  await pressed;
  expect(asked[0]).toMatchObject({ method: "POST", body: { blocks: ["a"], edits: [{ block: "a", content: "x = 1", revision: "1" }] } });
  expect([session.documents.get("a")?.revision, session.documents.dirty()]).toEqual(["2", []]);
});

it("runs nothing and merges when the file of one of several edits is another one by now", async () => {
  const session = open();
  session.documents.type("a", "1");
  session.documents.type("b", "2");
  const error = { code: "J109", message: "saving b.py", hint: "", location: { file: "b.py", line: 0, column: 0 }, details: { revision: "9", content: "theirs" } };
  answers.push({ status: 409, body: { error } });
  await runBlock(session, "a");
  expect(session.statuses.getState().status?.blocks.a).toEqual(NEVER);
  expect([session.documents.get("a")?.theirs, session.documents.get("b")?.theirs?.revision]).toEqual([null, "9"]);
  expect(session.documents.dirty().sort()).toEqual(["a", "b"]);
});

it("finds the condition whose file is another one by now", async () => {
  const session = open();
  session.setDetail({ ...detail(), conditionals: [{ ...block("weekday", "z"), upstream: ["a"] }] });
  session.documents.type("a", "1");
  session.documents.type("weekday", "2");
  const conflict = (location: unknown) => ({ status: 409, body: { error: { code: "J109", message: "saving", hint: "", location, details: { revision: "9", content: "theirs" } } } });
  answers.push(conflict(null));
  await runBlock(session, "a");
  expect(["a", "weekday"].map((one) => session.documents.get(one)?.theirs)).toEqual([null, null]);
  answers.push(conflict({ file: "weekday.py", line: 0, column: 0 }));
  await runBlock(session, "a");
  expect(["a", "weekday"].map((one) => session.documents.get(one)?.theirs?.content)).toEqual([undefined, "theirs"]);
});

it("runs nothing while it is not known on what", async () => {
  const session = open();
  session.ui.setState({ given: { block: "a", run: "r", inputs: null, variables: {} } });
  await runBlock(session, "a");
  expect(asked).toEqual([]);
  session.ui.setState({ given: { block: "a", run: "r", inputs: { b: "3" }, variables: { day: 7 } } });
  await runBlock(session, "a");
  expect(asked[0]?.body).toMatchObject({ blocks: ["a"], inputs: { b: "3" }, variables: { day: 7 } });
});

it("does not take a run for running whose end was told before its beginning was answered", async () => {
  const session = open();
  answers.push({ status: 202, body: { run, saved: [] } });
  const pressed = runBlock(session, "a");
  session.hear([
    { type: "run_started", run },
    { type: "block_ended", run: "r", block: "a", at: 2, status: { ...NEVER, state: "completed", run: "r" } },
    { type: "run_ended", run: { ...run, state: "completed" } },
  ]);
  await pressed;
  expect([session.status?.runs, session.status?.blocks.a?.state]).toEqual([[], "completed"]);
});

it("fetches the pipeline when the file of a block goes, and when it comes back", () => {
  const session = open();
  const spy = vi.spyOn(session.client, "invalidateQueries");
  session.hear([{ type: "content_changed", block: "a", content_revision: "" }]);
  expect([session.documents.get("a")?.gone, spy.mock.calls.length]).toEqual([true, 1]);
  session.setDetail({ ...detail(), blocks: [{ ...block("a", ""), content: null, content_revision: "", file: null, content_error: "missing" }, block("b", "y")] });
  session.hear([{ type: "content_changed", block: "b", content_revision: "2", content: "z" }]);
  expect(spy).toHaveBeenCalledTimes(1);
  session.hear([{ type: "content_changed", block: "a", content_revision: "3", content: "back" }]);
  expect([session.documents.get("a")?.mine, spy.mock.calls.length]).toEqual(["back", 2]);
});

it("keeps the text of a run that is refused because its file is gone", async () => {
  const session = open();
  session.documents.type("a", "mine");
  answers.push({ status: 409, body: { error: { code: "J109", message: "saving a.py", hint: "", location: null, details: { revision: null, content: null } } } });
  await runBlock(session, "a");
  expect([session.documents.get("a")?.gone, session.documents.get("a")?.mine, session.documents.dirty()]).toEqual([true, "mine", ["a"]]);
});
