/**
 * The one socket of a tab. Events are numbered: after a lost connection each topic goes on from the last number that was
 * seen, or is told to fetch its state anew (`onReset`) when the gap is no longer there.
 */
import { create } from "zustand";
import { socketUrl } from "./client";

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
const REFUSED = 4403;

export class Live {
  private socket: WebSocket | null = null;
  private topics = new Map<string, Topic>();
  private epoch: string | null = null;
  private wait = FIRST_WAIT;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: () => string = () => socketUrl("/api/live"),
    private readonly tell: (state: ConnectionState) => void = (state) => useConnection.setState({ state }),
  ) {}

  /**
   * Receive the events of a topic until the returned function is called. `since` is the number that a snapshot was made
   * at: events from there on are sent again, so that none is lost between the snapshot and the subscription.
   */
  subscribe(name: string, handler: TopicHandler, since: number | null = null): () => void {
    let topic = this.topics.get(name);
    if (topic) topic.handlers.add(handler);
    else {
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
    if (this.socket || this.timer) return;
    const socket = new WebSocket(this.url());
    this.socket = socket;
    socket.onopen = () => {
      this.wait = FIRST_WAIT;
    };
    socket.onmessage = (message) => this.receive(JSON.parse(message.data as string) as Frame);
    socket.onclose = (event) => {
      this.socket = null;
      if (event.code === REFUSED) {
        this.tell("refused");
        return;
      }
      this.tell("lost");
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.connect();
      }, this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    };
  }

  /** Try at once: the network came back, or the tab is looked at again. */
  hurry(): void {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.wait = FIRST_WAIT;
    this.connect();
  }

  private receive(frame: Frame): void {
    if (frame.hello) {
      this.epoch = this.epoch ?? frame.hello.epoch;
      const before = this.epoch;
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
