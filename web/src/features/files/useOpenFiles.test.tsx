import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { eventually } from "../../api/eventually";
import { ServerEnd } from "../../api/serverEnd";
import { phaseOf } from "../editor/documents/machine";
import { OpenFiles } from "./openFiles";
import { useFollowedFiles } from "./useOpenFiles";

const held = (revision: string) => ({ path: "a.py", content: `x = ${revision}`, revision, size: 5, language: "python", pipelines: [], problem: null });
let client: QueryClient;
let asked: { answer: (content: object) => void }[];

beforeEach(() => {
  localStorage.clear();
  asked = [];
  client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  vi.stubGlobal("WebSocket", ServerEnd);
  vi.stubGlobal("fetch", (_: string, { signal }: { signal?: AbortSignal } = {}) => new Promise<Response>((done, fail) => {
    signal?.addEventListener("abort", () => fail(new DOMException("given up", "AbortError")));
    asked.push({ answer: (content) => done(new Response(JSON.stringify(content))) });
  }));
});
afterEach(() => {
  cleanup();
  client.clear();
  vi.unstubAllGlobals();
});

function follow() {
  const files = new OpenFiles("x", { save: () => Promise.resolve({ gone: true }), look: () => undefined });
  files.add(["a.py"]);
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  const { rerender } = renderHook(() => useFollowedFiles(files, "a.py"), { wrapper });
  const phase = () => {
    const doc = files.get("a.py");
    return doc && phaseOf(doc);
  };
  return { files, phase, rerender };
}

const answers = async (number: number, revision: string) => {
  await eventually(() => expect(asked).toHaveLength(number + 1));
  await act(async () => asked[number]?.answer(held(revision)));
  await act(async () => new Promise((soon) => setTimeout(soon, 5)));
};
const tells = (revision: string | null) => act(() => ServerEnd.only?.tells("project", { type: "files_changed", paths: [{ path: "a.py", revision }] }));

it("keeps a file deleted when the page is drawn again with what was read before", async () => {
  const { phase, rerender } = follow();
  await answers(0, "1");
  expect(phase()).toBe("saved");
  tells(null);
  rerender();
  expect(phase()).toBe("gone");
});

it("keeps a file deleted though an answer comes that was asked for before", async () => {
  const { phase, rerender } = follow();
  await answers(0, "1");
  tells("2"); // somebody writes it, and it is read again
  await eventually(() => expect(asked).toHaveLength(2));
  tells(null); // it is deleted before the answer is there
  await answers(1, "2");
  rerender();
  expect(phase()).toBe("gone");
});

it("shows a file again that comes back as it was", async () => {
  const { phase, files } = follow();
  await answers(0, "1");
  tells(null);
  expect(phase()).toBe("gone");
  tells("1");
  await answers(1, "1");
  expect(phase()).toBe("saved");
  expect(files.get("a.py")?.mine).toBe("x = 1");
});
