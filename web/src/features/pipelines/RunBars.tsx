import { dateTime, seconds } from "../../app/format";

interface Mark {
  run: string;
  state: string;
  started: number;
  seconds: number | null;
}

const COLOURS: Record<string, string> = { completed: "var(--ok)", failed: "var(--failed)", interrupted: "var(--failed)", running: "var(--running)" };

/** The last runs as bars, oldest at the left: height is how long, colour how it ended. */
export function RunBars({ runs, width = 124, height = 18 }: { runs: readonly Mark[]; width?: number; height?: number }) {
  if (runs.length === 0) return null;
  const longest = Math.max(...runs.map((run) => run.seconds ?? 0), 0.001);
  const step = Math.min(8, width / runs.length);
  const good = runs.filter((run) => run.state === "completed").length;
  return (
    <svg width={width} height={height} role="img" aria-label={`${good} of the last ${runs.length} runs went well`}>
      {runs.map((run, index) => {
        const tall = Math.max(3, Math.sqrt((run.seconds ?? 0) / longest) * height);
        return (
          <rect key={run.run} x={index * step} y={height - tall} width={Math.max(1.5, step - 1.5)} height={tall} rx={1} fill={COLOURS[run.state] ?? "var(--waiting)"}>
            <title>{`${dateTime(run.started)}: ${run.state}${run.seconds === null ? "" : ` in ${seconds(run.seconds)}`}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
