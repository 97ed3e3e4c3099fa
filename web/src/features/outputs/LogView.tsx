import { useVirtualizer } from "@tanstack/react-virtual";
import { Link } from "@tanstack/react-router";
import { ArrowDownToLine, Copy, SquareArrowOutUpRight, WrapText } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { api, segment } from "../../api/client";
import { useTopic } from "../../api/useTopic";
import { clock } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { IconButton } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Input, Select } from "../../ui/fields";
import { toast, toastError } from "../../ui/toasts";
import { pieces } from "./ansi";
import { append, linesOf, READING, RING, storedLine, type LogLine } from "./logs";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"];
const TONES: Record<string, string> = { ERROR: "text-failed", CRITICAL: "text-failed", WARNING: "text-stale", DEBUG: "text-muted" };

interface Stored {
  lines: { at: number; level: string; block: string; stream: string; text: string }[];
  next: string;
  previous: string;
  truncated: boolean;
  fetched: boolean;
}

const PAGE = 2000;

/** What a run has printed and logged, of one block or all: as it comes, followed to its end, searchable. */
export function LogView({ run, block, showBlock = !block, linked = false, nothing = "Nothing was printed or logged." }: { run: string | null; block?: string | null; showBlock?: boolean; /** Whether it leads to the same log on the page of its run. */ linked?: boolean; /** What an empty log says. */ nothing?: string }) {
  const [lines, setLines] = useState<LogLine[]>([]);
  const [state, setState] = useState<"loading" | "ready" | "failed">("loading");
  const [error, setError] = useState<unknown>(null);
  const [text, setText] = useState("");
  const [level, setLevel] = useState("");
  // A phone has no room to scroll sideways in.
  const [wrap, setWrap] = useState(() => window.innerWidth < 640);
  const [follow, setFollow] = useState(true);
  const [round, setRound] = useState(0);
  const [earlier, setEarlier] = useState("");
  // Whether what is held begins later than the log does, with no way back but reading it anew.
  const [gone, setGone] = useState(false);
  // Whether they were no longer on the server's disk, and came from the bucket that logs are copied to.
  const [fetched, setFetched] = useState(false);
  const waiting = useRef<LogLine[] | null>([]);
  const zone = usePreferences((held) => held.zone);

  useEffect(() => {
    if (!run) return undefined;
    const controller = new AbortController();
    setLines([]);
    setState("loading");
    waiting.current = [];
    api
      .get<Stored>(`/runs/${segment(run)}/logs`, { query: { block: block ?? undefined, limit: PAGE, before: "end" }, signal: controller.signal })
      .then((found) => {
        setEarlier(found.truncated ? found.previous : "");
        setGone(false);
        setFetched(found.fetched);
        const stored = found.lines.map(storedLine);
        // What came live while the stored lines were fetched may be among them already.
        const last = stored.at(-1);
        const later = (waiting.current ?? []).filter((line) => !last || timeOf(line.at) > timeOf(last.at));
        waiting.current = null;
        setLines(append(stored, later));
        setState("ready");
      })
      .catch((problem: unknown) => {
        if (controller.signal.aborted) return;
        setError(problem);
        setState("failed");
      });
    return () => controller.abort();
  }, [run, block, round]);

  useTopic(
    run ? `run:${run}` : null,
    (events) => {
      const found = events.flatMap(linesOf).filter((line) => !block || line.block === block);
      if (found.length === 0) return;
      if (waiting.current) waiting.current.push(...found);
      else {
        const most = follow ? RING : READING;
        if (lines.length + found.length > most) setGone(true);
        setLines((held) => append(held, found, most));
      }
    },
    () => setRound((count) => count + 1),
  );

  const readAnew = () => {
    setFollow(false);
    setRound((count) => count + 1);
  };
  const showEarlier = () => {
    if (!run) return;
    if (gone) return readAnew();
    api.get<Stored>(`/runs/${segment(run)}/logs`, { query: { block: block ?? undefined, limit: PAGE, before: earlier } }).then((found) => {
      setFollow(false);
      setEarlier(found.truncated ? found.previous : "");
      setLines((held) => [...found.lines.map(storedLine), ...held]);
    }, toastError);
  };
  const shown = useMemo(() => {
    const wanted = text.toLowerCase();
    const least = level ? LEVELS.indexOf(level) : 0;
    return lines.filter((line) => (!wanted || line.text.toLowerCase().includes(wanted)) && (least <= 0 || rank(line.level) >= least));
  }, [lines, text, level]);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: shown.length, getScrollElement: () => box.current, estimateSize: () => 18, overscan: 20, getItemKey: (index) => shown[index]?.key ?? index });
  useEffect(() => {
    if (follow && shown.length > 0) virtual.scrollToIndex(shown.length - 1, { align: "end" });
  }, [follow, shown.length, virtual]);

  if (!run) return <EmptyState title="No run yet">What a block prints and logs appears here while it runs.</EmptyState>;
  if (state === "failed") return <ErrorCard className="m-3" error={error} />;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-9 flex-none flex-wrap items-center gap-1 border-b border-line px-2 py-1">
        <Input value={text} onChange={(event) => setText(event.target.value)} placeholder="Find in log" aria-label="Find in log" className="!w-44" />
        <Select value={level} onChange={(event) => setLevel(event.target.value)} aria-label="Least level">
          <option value="">All levels</option>
          {LEVELS.slice(1).map((name) => <option key={name} value={name}>{name.toLowerCase()} and above</option>)}
        </Select>
        <span className="ml-auto whitespace-nowrap text-meta text-muted tabular">{shown.length.toLocaleString("en-US")} {shown.length === 1 ? "line" : "lines"}</span>
        {linked && block && (
          <Link to="/runs/$run" params={{ run }} search={{ block, tab: "logs" }} aria-label="Open this log on the page of its run" title="Open this log on the page of its run" className="inline-flex h-7 w-7 items-center justify-center rounded-control text-muted hover:bg-s2 hover:text-fg">
            <SquareArrowOutUpRight size={14} aria-hidden="true" />
          </Link>
        )}
        <IconButton label={wrap ? "Do not wrap long lines" : "Wrap long lines"} aria-pressed={wrap} onClick={() => setWrap(!wrap)}><WrapText size={14} aria-hidden="true" /></IconButton>
        <IconButton label="Follow the end" aria-pressed={follow} className={follow ? "!text-accent" : undefined} onClick={() => setFollow(!follow)}><ArrowDownToLine size={14} aria-hidden="true" /></IconButton>
        <IconButton label="Copy the lines shown" onClick={() => void navigator.clipboard.writeText(shown.map((line) => line.text).join("\n")).then(() => toast("Copied.", { seconds: 2 }))}><Copy size={14} aria-hidden="true" /></IconButton>
      </div>
      <div
        ref={box}
        role="log"
        aria-label="Log"
        tabIndex={0}
        className="min-h-0 flex-1 overflow-auto bg-s0 font-mono text-code"
        onScroll={(event) => {
          const element = event.currentTarget;
          const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 24;
          if (!atEnd && follow) setFollow(false);
          else if (atEnd && !follow) setFollow(true);
        }}
      >
        {state === "loading" && <div className="p-3"><Spinner label="Reading the log" /></div>}
        {fetched && state === "ready" && <p className="px-2 py-1 font-sans text-muted">Read back from the bucket that logs are copied to: they were no longer on the server’s disk.</p>}
        {(earlier || gone) && <button type="button" className="px-2 py-1 font-sans text-accent underline" onClick={showEarlier}>Show earlier lines</button>}
        {state === "ready" && shown.length === 0 && <p className="p-3 font-sans text-muted">{lines.length === 0 ? nothing : "No line matches."}</p>}
        <div style={{ height: virtual.getTotalSize(), position: "relative", minWidth: "100%", width: wrap ? "100%" : "max-content" }}>
          {virtual.getVirtualItems().map((item) => {
            const line = shown[item.index];
            if (!line) return null;
            return (
              <div key={item.key} data-index={item.index} ref={virtual.measureElement} className="absolute left-0 top-0 flex gap-2 px-2" style={{ transform: `translateY(${item.start}px)`, width: wrap ? "100%" : undefined }}>
                <span className="flex-none select-none text-muted tabular">{clock(line.at, zone)}</span>
                {showBlock && <span className="w-32 flex-none select-none truncate text-muted" title={line.block}>{line.block}</span>}
                <span className={`${TONES[line.level.toUpperCase()] ?? ""} ${wrap ? "whitespace-pre-wrap break-all" : "whitespace-pre"}`}>
                  {line.stream === "log" && <b className="font-semibold">{line.level.toLowerCase()} </b>}
                  {pieces(line.text.length > 20_000 ? `${line.text.slice(0, 20_000)}… (${line.text.length.toLocaleString("en-US")} characters)` : line.text).map((piece, index) => (
                    <span key={index} style={{ color: piece.colour ?? undefined, fontWeight: piece.bold ? 600 : undefined }}>{piece.text}</span>
                  ))}
                  {line.stream === "notice" && <button type="button" className="ml-2 font-sans text-accent underline" onClick={readAnew}>Read them from the log</button>}
                </span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function rank(level: string): number {
  const name = level.toUpperCase();
  return name === "CRITICAL" ? 3 : Math.max(0, LEVELS.indexOf(name));
}

function timeOf(at: number | string): number {
  return typeof at === "number" ? at : Date.parse(at) / 1000;
}
