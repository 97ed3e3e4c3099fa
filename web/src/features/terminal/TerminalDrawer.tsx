import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { useEffect, useRef, useState } from "react";
import { socketUrl } from "../../api/client";
import { terminalTheme } from "./theme";

type State = "connecting" | "open" | "ended";

/** Bytes that are drawn before the server is told so; well below what it lets be under way. */
const TOLD_EVERY = 64 * 1024;

/** A shell in the project's folder. It lives as long as this drawer is mounted; hiding the drawer keeps it. */
export function TerminalDrawer({ visible = true, shell = "" }: { visible?: boolean; /** Its program; the user's own when empty. */ shell?: string }) {
  const host = useRef<HTMLDivElement>(null);
  const fit = useRef<FitAddon>(null);
  const screen = useRef<Terminal>(null);
  const [state, setState] = useState<State>("connecting");
  const [why, setWhy] = useState("");
  const [round, setRound] = useState(0);

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const terminal = new Terminal({
      fontFamily: getComputedStyle(element).getPropertyValue("--font-mono") || "monospace",
      fontSize: 12.5,
      cursorBlink: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
      scrollback: 5000,
      theme: terminalTheme(element),
      screenReaderMode: true,
    });
    const addon = new FitAddon();
    terminal.loadAddon(addon);
    terminal.open(element);
    addon.fit();
    fit.current = addon;
    screen.current = terminal;
    const socket = new WebSocket(socketUrl("/api/terminal", shell ? { shell } : undefined));
    socket.binaryType = "arraybuffer";
    let drawn = 0;
    /** Keys of before the shell is there, which it gets first. */
    let early = "";
    const send = (message: object) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    };
    socket.onopen = () => {
      setState("open");
      setWhy("");
      send({ type: "resize", cols: terminal.cols, rows: terminal.rows });
      // From here on the server waits when more has been sent than drawn.
      send({ type: "shown", bytes: 0 });
      if (early) send({ type: "input", data: early });
      terminal.focus();
    };
    socket.onmessage = (event) => {
      if (!(event.data instanceof ArrayBuffer)) return;
      const bytes = new Uint8Array(event.data);
      terminal.write(bytes, () => {
        drawn += bytes.length;
        if (drawn < TOLD_EVERY) return;
        send({ type: "shown", bytes: drawn });
        drawn = 0;
      });
    };
    socket.onclose = (event) => {
      setState("ended");
      setWhy(event.reason);
    };
    terminal.onData((data) => (socket.readyState === WebSocket.CONNECTING ? (early += data) : send({ type: "input", data })));
    terminal.onResize(({ cols, rows }) => send({ type: "resize", cols, rows }));
    const sizes = new ResizeObserver(() => {
      if (element.offsetHeight > 0) addon.fit();
    });
    sizes.observe(element);
    const themes = new MutationObserver(() => (terminal.options.theme = terminalTheme(element)));
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ["class", "data-theme"] });
    return () => {
      sizes.disconnect();
      themes.disconnect();
      socket.close();
      terminal.dispose();
    };
  }, [round, shell]);

  useEffect(() => {
    if (visible) {
      fit.current?.fit();
      screen.current?.focus();
    }
  }, [visible]);

  return (
    <div className="relative h-full w-full bg-[var(--surface-1)]">
      <div ref={host} className="absolute inset-0 px-2 py-1" aria-label="Terminal in the project's folder" />
      {state === "ended" && (
        <div className="absolute inset-x-0 bottom-0 flex items-center gap-3 border-t border-[var(--line)] bg-[var(--surface-0)] px-3 py-2 text-[13px]" role="status">
          <span>{why || "The shell has ended."}</span>
          <button type="button" className="font-medium text-[var(--accent)] underline" onClick={() => {
            setState("connecting");
            setRound((count) => count + 1);
          }}>
            Start another
          </button>
        </div>
      )}
    </div>
  );
}
