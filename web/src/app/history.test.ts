import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { api } from "../api/client";
import { choose, forgetAll, keepHistory, useHistory } from "./history";

let stop: () => void;
const answers = (status: number, body: unknown) => vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body), { status })));
const texts = () => useHistory.getState().done.map(({ text, times, refused }) => [text, times, refused]);

beforeEach(() => {
  localStorage.clear();
  stop = keepHistory("/project");
});
afterEach(() => {
  stop();
  forgetAll();
  vi.unstubAllGlobals();
});

it("writes down what is changed, also what is refused, and what is read not", async () => {
  answers(200, { undo: "token", paths: [] });
  await api.get("/files");
  await api.del("/files", { query: { path: "a.py" } });
  answers(409, { error: { code: "P1", message: "it has changed", hint: "" } });
  await expect(api.put("/files/content", { query: { path: "b.py" }, body: { content: "" } })).rejects.toThrow();
  expect(texts()).toEqual([["Saved b.py", 1, "it has changed"], ["Deleted a.py", 1, undefined]]);
  answers(200, { paths: [] });
  expect(useHistory.getState().done[1]?.undo).toBe("token");
  await api.post("/undo/token");
  expect(useHistory.getState().done.map(({ undo }) => undo)).toEqual([undefined, undefined, undefined]);
});

it("keeps what is done again and again in one line", async () => {
  answers(200, {});
  for (let time = 0; time < 3; time += 1) await api.put("/files/content", { query: { path: "a.py" }, body: {} });
  await api.put("/files/content", { query: { path: "b.py" }, body: {} });
  await api.put("/files/content", { query: { path: "a.py" }, body: {} });
  expect(texts()).toEqual([["Saved a.py", 1, undefined], ["Saved b.py", 1, undefined], ["Saved a.py", 3, undefined]]);
});

it("belongs to one project, and is there again when it is opened again", async () => {
  answers(200, {});
  await api.post("/files/folder", { body: { path: "new" } });
  stop();
  stop = keepHistory("/other");
  expect(texts()).toEqual([]);
  stop();
  stop = keepHistory("/project");
  expect(texts()).toEqual([["Made the folder new", 1, undefined]]);
});

it("lives without storage, and with what nobody can read in it", async () => {
  stop();
  localStorage.setItem("penstock.history./project", "{nothing");
  stop = keepHistory("/project");
  answers(200, {});
  await api.post("/files/folder", { body: { path: "new" } });
  expect(texts()).toHaveLength(1);
});

it("offers what was chosen last first, each once", () => {
  choose({ command: "theme" });
  choose({ title: "load", detail: "sales", to: "/pipelines/$pipeline", params: { pipeline: "sales" } });
  choose({ command: "theme" });
  expect(useHistory.getState().chosen).toEqual([{ command: "theme" }, { title: "load", detail: "sales", to: "/pipelines/$pipeline", params: { pipeline: "sales" } }]);
});
