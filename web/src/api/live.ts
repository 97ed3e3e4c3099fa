/**
 * The one socket of a tab. Events are numbered: after a lost connection each topic goes on from the last number that was
 * seen, or is told to fetch its state anew (`onReset`) when the gap is no longer there.
 */
import { create } from "zustand";
import { api, ApiError, socketUrl } from "./client";

export interface LiveEvent {
  type: string;
  [key: string]: unknown;
}

export interface TopicHandler {
  onEvents: (events: LiveEvent[]) => void;
  /** The state has to be fetched again: events were missed. */
  onReset: () => void;
}

export type ConnectionState = "connecting" | "open" | "lost" | "refused";

export const useConnection = create<{ state: ConnectionState }>(() => ({ state: "connecting" }));

interface Topic {
  handlers: Set<TopicHandler>;
  seq: number | null;
}

interface Frame {
  hello?: { epoch: string; seq: number };
  topic?: string;
  seq?: number;
  events?: LiveEvent[];
  reset?: boolean;
}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 8000;
/** The login has ended, or the server is ending: only a question tells which. */
const ENDED = 4403;

/** Whether the server answers and knows this browser no more. A socket that it refuses does not say why it closed. */
async function loggedOut(): Promise<boolean> {
  try {
    await api.get("/project");
    return false;
  } catch (error) {
    return error instanceof ApiError && error.status === 401;
  }
}

export class Live {
  private socket: WebSocket | null = null;
  private topics = new Map<string, Topic>();
  private epoch: string | null = null;
  private wait = FIRST_WAIT;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private refused = false;

  constructor(
    private readonly url: () => string = () => socketUrl("/api/live"),
    private readonly tell: (state: ConnectionState) => void = (state) => useConnection.setState({ state }),
    private readonly isLoggedOut: () => Promise<boolean> = loggedOut,
  ) {}

  /**
   * Receive the events of a topic until the returned function is called. `since` is the number that a snapshot was made
   * at: events from there on are sent again, so that none is lost between the snapshot and the subscription.
   */
  subscribe(name: string, handler: TopicHandler, since: number | null = null): () => void {
    let topic = this.topics.get(name);
    if (topic) {
      topic.handlers.add(handler);
      // Others have already received what came between this handler's snapshot and now.
      if (since !== null && topic.seq !== null && since < topic.seq) queueMicrotask(() => handler.onReset());
    } else {
      topic = { handlers: new Set([handler]), seq: since };
      this.topics.set(name, topic);
      this.say({ op: "subscribe", topic: name, since, epoch: this.epoch });
    }
    this.connect();
    return () => {
      const held = this.topics.get(name);
      held?.handlers.delete(handler);
      if (held && held.handlers.size === 0) {
        this.topics.delete(name);
        this.say({ op: "unsubscribe", topic: name });
      }
    };
  }

  connect(): void {
    if (this.socket || this.timer || this.refused) return;
    const socket = new WebSocket(this.url());
    let greeted = false;
    this.socket = socket;
    socket.onmessage = (message) => {
      greeted = true;
      this.wait = FIRST_WAIT;
      this.receive(JSON.parse(message.data as string) as Frame);
    };
    socket.onclose = (event) => {
      this.socket = null;
      this.tell("lost");
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.connect();
      }, this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
      if (!greeted || event.code === ENDED) void this.ask();
    };
  }

  /** Try at once: the network came back, the tab is looked at again, or somebody logged in. */
  hurry(): void {
    if (!this.timer && !this.refused) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.refused = false;
    this.wait = FIRST_WAIT;
    this.connect();
  }

  /** Trying again leads nowhere when the login is what is missing. */
  private async ask(): Promise<void> {
    if (!(await this.isLoggedOut()) || this.socket?.readyState === WebSocket.OPEN) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.refused = true;
    this.tell("refused");
  }

  private receive(frame: Frame): void {
    if (frame.hello) {
      const before = this.epoch ?? frame.hello.epoch;
      this.epoch = frame.hello.epoch;
      for (const [name, topic] of this.topics) {
        this.say({ op: "subscribe", topic: name, since: topic.seq, epoch: before });
      }
      this.tell("open");
      return;
    }
    const topic = frame.topic === undefined ? undefined : this.topics.get(frame.topic);
    if (!topic) return;
    if (frame.reset) {
      topic.seq = frame.seq ?? null;
      for (const handler of [...topic.handlers]) handler.onReset();
      return;
    }
    if (frame.seq !== undefined) topic.seq = frame.seq;
    const events = frame.events;
    if (events?.length) for (const handler of [...topic.handlers]) handler.onEvents(events);
  }

  private say(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN && this.epoch !== null) this.socket.send(JSON.stringify(message));
  }
}

export const live = new Live();

if (typeof window !== "undefined") {
  window.addEventListener("online", () => live.hurry());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) live.hurry();
  });
}
