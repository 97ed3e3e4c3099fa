import { useEffect, useRef, useState } from "react";

interface Figure {
  data?: { type?: string }[];
  layout?: Record<string, unknown>;
}

/** A plotly figure, drawn from its JSON by the part of plotly that has its axes; three-dimensional ones and maps are told. */
export default function PlotlyView({ figure }: { figure: unknown }) {
  const box = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    let gone = false;
    let clear: (() => void) | undefined;
    void import("plotly.js-cartesian-dist-min").then(async ({ default: plotly }) => {
      if (gone) return;
      const { data = [], layout = {} } = figure as Figure;
      const style = getComputedStyle(element);
      const token = (name: string) => style.getPropertyValue(name).trim();
      const themed = {
        paper_bgcolor: token("--surface-0"),
        plot_bgcolor: token("--surface-0"),
        font: { color: token("--text"), family: style.fontFamily, size: 12 },
        ...layout,
        template: undefined,
        width: undefined,
        height: (layout.height as number | undefined) ?? 420,
        autosize: true,
      };
      try {
        await plotly.newPlot(element, data, themed, { responsive: true, displaylogo: false });
        clear = () => plotly.purge(element);
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error));
      }
    });
    return () => {
      gone = true;
      clear?.();
    };
  }, [figure]);
  const kinds = [...new Set(((figure as Figure).data ?? []).map((trace) => trace.type ?? "scatter"))].filter((kind) => !DRAWN.has(kind));
  return (
    <>
      {(problem || kinds.length > 0) && (
        <p role="alert" className="p-3 text-ui text-stale">
          {problem || `This viewer does not draw traces of type ${kinds.join(", ")}; return fig.to_html() from the block to see them.`}
        </p>
      )}
      <div ref={box} className="w-full p-2" />
    </>
  );
}

const DRAWN = new Set(["scatter", "bar", "box", "heatmap", "histogram", "histogram2d", "histogram2dcontour", "contour", "scatterternary", "violin", "image", "pie"]);
