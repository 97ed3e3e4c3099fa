import { count } from "../../../app/format";
import { usePreferences } from "../../../app/preferences";
import type { ColumnProfile } from "./profile";
import { shownTime } from "./zones";

interface Props {
  profile: ColumnProfile | undefined;
  width: number;
  height: number;
}

/** How a column's values are spread: bars of a histogram, or shares of the most frequent values. */
export function Distribution({ profile, width, height }: Props) {
  const zone = usePreferences((held) => held.zone);
  const told = (value: unknown) => shownTime(String(value), zone);
  if (!profile) return <div style={{ height }} />;
  if (profile.histogram && profile.histogram.counts.length > 0) {
    const { counts, edges } = profile.histogram;
    const most = Math.max(1, ...counts);
    const step = width / counts.length;
    return (
      <svg width={width} height={height} role="img" aria-label={`From ${told(profile.minimum)} to ${told(profile.maximum)}`}>
        <title>{`from ${told(profile.minimum)} to ${told(profile.maximum)}${profile.mean === null || profile.mean === undefined ? "" : `, mean ${typeof profile.mean === "number" ? Number(profile.mean.toPrecision(6)) : profile.mean}`}`}</title>
        {counts.map((value, index) => {
          const tall = value === 0 ? 0 : Math.max(1, (value / most) * height);
          return (
            <rect key={index} x={index * step} y={height - tall} width={Math.max(1, step - 1)} height={tall} fill="var(--accent)" opacity={0.65}>
              <title>{`${told(edges[index])} to ${told(edges[index + 1])}: ${count(value)} rows`}</title>
            </rect>
          );
        })}
      </svg>
    );
  }
  if (profile.top && profile.top.length > 0 && profile.rows > 0) {
    let x = 0;
    const bars = profile.top.slice(0, 6).map((entry, index) => {
      const wide = (entry.count / profile.rows) * width;
      const bar = { x, wide, entry, index };
      x += wide;
      return bar;
    });
    const first = profile.top[0];
    return (
      <svg width={width} height={height} role="img" aria-label={`Most frequent: ${told(first?.value)}`}>
        <rect width={width} height={height} fill="var(--surface-3)" rx={2} />
        {bars.map(({ x: at, wide, entry, index }) => (
          <g key={index}>
            <title>{`${told(entry.value)}: ${count(entry.count)} rows, ${Math.round((100 * entry.count) / profile.rows)}%`}</title>
            <rect x={at} width={Math.max(0.5, wide - 1)} height={height} fill="var(--accent)" opacity={0.6 - index * 0.08} rx={2} />
            {wide > 30 && (
              <text x={at + 4} y={height / 2 + 3.5} fontSize={10} fill="var(--text)" style={{ pointerEvents: "none" }}>
                {told(entry.value).slice(0, Math.floor((wide - 8) / 5.6))}
              </text>
            )}
          </g>
        ))}
      </svg>
    );
  }
  return <div style={{ height }} />;
}
