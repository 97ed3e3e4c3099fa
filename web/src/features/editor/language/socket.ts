import type { LSPClient, Transport } from "@codemirror/lsp-client";
import { create } from "zustand";
import { socketUrl } from "../../../api/client";

/** Whether there is a language server; `missing` holds what to install. */
export interface LanguageState {
  state: "idle" | "connecting" | "open" | "lost" | "missing";
  reason: string;
}

export const useLanguageState = create<LanguageState>(() => ({ state: "idle", reason: "" }));

const NOT_INSTALLED = 4404;
const REFUSED = 4403;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;

type Handler = (value: string) => void;

/** Questions that nobody has asked for by name: where one fails, because a text was closed meanwhile, there is nothing to tell. */
const ASIDE = new Set(["textDocument/completion", "textDocument/hover", "textDocument/signatureHelp"]);

/** One connection as the client of the language server knows it: whole messages of JSON. */
export function transportOver(socket: Pick<WebSocket, "send" | "readyState" | "onmessage">): Transport {
  const handlers = new Set<Handler>();
  const aside = new Set<number>();
  socket.onmessage = (event: MessageEvent) => {
    const text = quiet(String(event.data), aside);
    handlers.forEach((handler) => handler(text));
  };
  return {
    send(message) {
      if (socket.readyState !== WebSocket.OPEN) throw new Error("The language server is not connected.");
      const { id, method } = JSON.parse(message) as { id?: number; method?: string };
      if (id !== undefined && method !== undefined && ASIDE.has(method)) aside.add(id);
      socket.send(message);
    },
    subscribe: (handler) => void handlers.add(handler),
    unsubscribe: (handler) => void handlers.delete(handler),
  };
}

/** A message as it came; a refusal of a question asked aside becomes an answer of nothing. */
function quiet(text: string, aside: Set<number>): string {
  if (aside.size === 0) return text;
  const message = JSON.parse(text) as { id?: number; method?: string; error?: unknown };
  if (message.id === undefined || message.method !== undefined || !aside.delete(message.id)) return text;
  return message.error === undefined ? text : JSON.stringify({ jsonrpc: "2.0", id: message.id, result: null });
}

/** Keeps a client connected for as long as somebody needs it: from the first editor on, through lost connections. */
export class Connector {
  private socket: WebSocket | null = null;
  private wait = FIRST_WAIT;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private users = 0;

  constructor(
    private readonly client: LSPClient,
    private readonly open: () => WebSocket = () => new WebSocket(socketUrl("/api/language")),
    private readonly tell: (state: LanguageState) => void = (state) => useLanguageState.setState(state),
    /** How long the connection stays after the last editor, in milliseconds. */
    private readonly linger = 5000,
  ) {}

  /** An editor needs the server; call the answer when it does not any more. */
  use(): () => void {
    this.users += 1;
    if (this.users === 1) {
      clearTimeout(this.timer);
      if (!this.socket) this.connect();
    }
    let used = true;
    return () => {
      if (!used) return;
      used = false;
      this.users -= 1;
      if (this.users === 0) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.close(), this.linger);
      }
    };
  }

  private connect(): void {
    this.tell({ state: "connecting", reason: "" });
    const socket = this.open();
    this.socket = socket;
    socket.onopen = () => {
      this.client.connect(transportOver(socket));
      this.client.initializing.then(
        () => {
          this.wait = FIRST_WAIT;
          this.tell({ state: "open", reason: "" });
        },
        () => undefined,
      );
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.client.disconnect();
      if (event.code === NOT_INSTALLED || event.code === REFUSED) return this.tell({ state: "missing", reason: event.reason });
      this.tell({ state: "lost", reason: event.reason });
      if (this.users === 0) return;
      this.timer = setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    };
  }

  private close(): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    this.client.disconnect();
    socket.close();
    this.tell({ state: "idle", reason: "" });
  }
}
