import { dateTime, seconds } from "../../app/format";
import { lookOf } from "../../ui/status";

interface Mark {
  run: string;
  state: string;
  started: number;
  seconds: number | null;
}

const COLOURS: Record<string, string> = { completed: "var(--ok)", failed: "var(--failed)", interrupted: "var(--failed)", running: "var(--running)" };

const BROKEN = new Set(["failed", "interrupted"]);

/** The last runs as bars, oldest at the left: height is how long, colour how it ended. */
export function RunBars({ runs, width = 124, height = 18 }: { runs: readonly Mark[]; width?: number; height?: number }) {
  if (runs.length === 0) return null;
  const longest = Math.max(...runs.map((run) => run.seconds ?? 0), 0.001);
  const step = Math.min(8, width / runs.length);
  const good = runs.filter((run) => run.state === "completed").length;
  return (
    <svg width={width} height={height} role="img" aria-label={`${good} of the last ${runs.length} runs went well`}>
      {runs.map((run, index) => {
        const tall = Math.max(4, Math.sqrt((run.seconds ?? 0) / longest) * height);
        const [x, y, wide] = [index * step, height - tall, Math.max(1.5, step - 1.5)];
        return (
          <g key={run.run}>
            <rect x={x} y={y} width={wide} height={tall} rx={1} fill={COLOURS[run.state] ?? "var(--waiting)"} />
            {/* A bar that is cut through went wrong: told without colours, too. */}
            {BROKEN.has(run.state) && <rect x={x} y={y + tall / 2 - 1} width={wide} height={2} fill="var(--surface-0)" />}
            <title>{`${dateTime(run.started)}: ${lookOf(run.state).word}${run.seconds === null ? "" : ` in ${seconds(run.seconds)}`}`}</title>
          </g>
        );
      })}
    </svg>
  );
}
