import { LSPClient } from "@codemirror/lsp-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Connector, transportOver, type LanguageState } from "./socket";

class Socket {
  static made: Socket[] = [];
  readyState: number = WebSocket.CONNECTING;
  onopen: (() => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  sent: { id?: number; method?: string }[] = [];

  constructor() {
    Socket.made.push(this);
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  opened() {
    this.readyState = WebSocket.OPEN;
    this.onopen?.();
    const { id } = this.sent[0] ?? {};
    this.onmessage?.({ data: JSON.stringify({ jsonrpc: "2.0", id, result: { capabilities: {} } }) } as MessageEvent);
  }
  close(code = 1000, reason = "") {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.({ code, reason } as CloseEvent);
  }
}

describe("the connection to the language server", () => {
  let states: LanguageState[];
  let connector: Connector;
  const last = () => Socket.made[Socket.made.length - 1] as Socket;
  const flush = () => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    Socket.made = [];
    states = [];
    connector = new Connector(new LSPClient(), () => new Socket() as unknown as WebSocket, (state) => states.push(state));
  });
  afterEach(() => vi.useRealTimers());

  it("is made by the first editor, shared by the others, and ends after the last", async () => {
    const first = connector.use();
    const second = connector.use();
    expect(Socket.made).toHaveLength(1);
    last().opened();
    await flush();
    expect(states[states.length - 1]?.state).toBe("open");
    expect(last().sent.map(({ method }) => method)).toEqual(["initialize", "initialized"]);
    first();
    first();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(last().readyState).toBe(WebSocket.OPEN);
    second();
    const third = connector.use();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(last().readyState, "an editor that comes in time keeps it").toBe(WebSocket.OPEN);
    third();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(last().readyState).toBe(WebSocket.CLOSED);
    expect(states[states.length - 1]?.state).toBe("idle");
    expect(Socket.made).toHaveLength(1);
  });

  it("comes again when it is lost, ever more slowly", async () => {
    connector.use();
    last().opened();
    await flush();
    last().close(4410, "it has ended");
    expect(states[states.length - 1]).toEqual({ state: "lost", reason: "it has ended" });
    for (const wait of [500, 1000, 2000]) {
      const before = Socket.made.length;
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(Socket.made).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(1);
      expect(Socket.made).toHaveLength(before + 1);
      last().close(1006);
    }
  });

  it("does not come again where there is none, and says what to install", async () => {
    connector.use();
    last().close(4404, 'pip install "penstock[editor]"');
    await vi.advanceTimersByTimeAsync(120_000);
    expect(Socket.made).toHaveLength(1);
    expect(states[states.length - 1]).toEqual({ state: "missing", reason: 'pip install "penstock[editor]"' });
  });
});

describe("what is asked aside", () => {
  it("is answered with nothing where the server refuses it; other refusals are told", () => {
    const socket = { readyState: WebSocket.OPEN, send: vi.fn(), onmessage: null as ((event: MessageEvent) => void) | null };
    const transport = transportOver(socket as unknown as WebSocket);
    const heard: { id: number; result?: unknown; error?: unknown }[] = [];
    transport.subscribe((text) => heard.push(JSON.parse(text)));
    transport.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "textDocument/hover" }));
    transport.send(JSON.stringify({ jsonrpc: "2.0", id: 2, method: "textDocument/rename" }));
    for (const id of [1, 2]) socket.onmessage?.({ data: JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32600, message: "not open" } }) } as MessageEvent);
    expect(heard[0]).toEqual({ jsonrpc: "2.0", id: 1, result: null });
    expect(heard[1]).toMatchObject({ id: 2, error: { message: "not open" } });
  });
});
