/** The server's end of a tab's one socket, in tests: stands in for `WebSocket`, which no test has a server for. */
export class ServerEnd {
  static readonly OPEN = 1;
  static only: ServerEnd | undefined;
  readyState = ServerEnd.OPEN;
  onmessage: ((message: { data: string }) => void) | null = null;
  constructor() {
    ServerEnd.only = this;
  }
  send(): void {}
  /** Events of a topic arrive. */
  tells(topic: string, event: object): void {
    this.onmessage?.({ data: JSON.stringify({ topic, events: [event] }) });
  }
}
