import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Live, type ConnectionState, type LiveEvent } from "./live";

/** The server's end of a socket. */
class Socket {
  static readonly OPEN = 1;
  static made: Socket[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor(readonly url: string) {
    Socket.made.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  says(frame: object): void {
    this.readyState = Socket.OPEN;
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  greets(epoch = "one", seq = 0): void {
    this.says({ hello: { epoch, seq } });
  }
  ends(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

let states: ConnectionState[];
let out: boolean;
let live: Live;
const last = () => Socket.made.at(-1) as Socket;
const listener = () => {
  const got = { events: [] as LiveEvent[], resets: 0 };
  return { got, handler: { onEvents: (events: LiveEvent[]) => void got.events.push(...events), onReset: () => void (got.resets += 1) } };
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
  Socket.made = [];
  states = [];
  out = false;
  live = new Live(() => "ws://here/api/live", (state) => states.push(state), () => Promise.resolve(out));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the socket of a tab", () => {
  it("is one for all topics, and says what it wants when the server has greeted", () => {
    live.subscribe("project", listener().handler);
    live.subscribe("pipeline:a", listener().handler, 7);
    expect(Socket.made).toHaveLength(1);
    expect(last().sent).toEqual([]);
    last().greets("one", 9);
    expect(last().sent).toEqual([
      { op: "subscribe", topic: "project", since: null, epoch: "one" },
      { op: "subscribe", topic: "pipeline:a", since: 7, epoch: "one" },
    ]);
    expect(states).toEqual(["open"]);
  });

  it("hands the events of a topic to its listeners alone", () => {
    const [one, two] = [listener(), listener()];
    live.subscribe("run:1", one.handler);
    live.subscribe("run:2", two.handler);
    last().greets();
    last().says({ topic: "run:2", seq: 4, events: [{ type: "block_started" }, { type: "block_ended" }] });
    expect(one.got.events).toEqual([]);
    expect(two.got.events.map((event) => event.type)).toEqual(["block_started", "block_ended"]);
  });

  it("goes on from the last number after a lost connection, waiting longer each time", async () => {
    const { got, handler } = listener();
    live.subscribe("run:1", handler);
    last().greets("one");
    last().says({ topic: "run:1", seq: 12, events: [{ type: "x" }] });
    last().ends();
    expect(states).toEqual(["open", "lost"]);
    await vi.advanceTimersByTimeAsync(249);
    expect(Socket.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(Socket.made).toHaveLength(2);
    last().ends();
    await vi.advanceTimersByTimeAsync(499);
    expect(Socket.made).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    last().greets("two", 3);
    expect(last().sent).toEqual([{ op: "subscribe", topic: "run:1", since: 12, epoch: "one" }]);
    last().says({ topic: "run:1", reset: true, seq: 3 });
    expect(got.resets).toBe(1);
    last().ends();
    await vi.advanceTimersByTimeAsync(250);
    last().greets("two", 5);
    expect(last().sent).toEqual([{ op: "subscribe", topic: "run:1", since: 3, epoch: "two" }]);
  });

  it("tells a topic that nobody hears any more, and hears nothing more of it", () => {
    const { got, handler } = listener();
    const stop = live.subscribe("run:1", handler);
    const other = live.subscribe("run:1", listener().handler);
    last().greets();
    stop();
    last().says({ topic: "run:1", seq: 1, events: [{ type: "x" }] });
    expect(got.events).toEqual([]);
    expect(last().sent.filter(({ op }) => op === "unsubscribe")).toEqual([]);
    other();
    expect(last().sent.at(-1)).toEqual({ op: "unsubscribe", topic: "run:1" });
  });

  it("has a listener fetch anew whose snapshot is older than what the topic has told already", async () => {
    live.subscribe("run:1", listener().handler);
    last().greets();
    last().says({ topic: "run:1", seq: 10, events: [] });
    const [old, current] = [listener(), listener()];
    live.subscribe("run:1", old.handler, 8);
    live.subscribe("run:1", current.handler, 10);
    await Promise.resolve();
    expect(old.got.resets).toBe(1);
    expect(current.got.resets).toBe(0);
  });
});

describe("a login that ended", () => {
  it("is told, and nothing is tried until somebody asks", async () => {
    live.subscribe("project", listener().handler);
    last().greets();
    out = true;
    last().ends(4403);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states).toEqual(["open", "lost", "refused"]);
    expect(Socket.made).toHaveLength(1);
    out = false;
    live.hurry();
    last().greets();
    expect(states.at(-1)).toBe("open");
    expect(last().sent).toHaveLength(1);
  });

  it("is found out when the server refuses the socket before it opens", async () => {
    out = true;
    live.subscribe("project", listener().handler);
    last().ends(1006);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(states).toEqual(["lost", "refused"]);
    expect(Socket.made).toHaveLength(1);
  });

  it("is not what a server means that ends with the same code and comes back", async () => {
    live.subscribe("project", listener().handler);
    last().greets();
    last().ends(4403);
    await vi.advanceTimersByTimeAsync(250);
    last().greets("two");
    expect(states).toEqual(["open", "lost", "open"]);
  });
});
