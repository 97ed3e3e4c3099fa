import { BarChart, HeatmapChart, LineChart, PieChart, ScatterChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, use, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef, useState } from "react";
import type { ChartConfig, ChartData } from "./model";
import { optionOf, type Colours } from "./option";

use([BarChart, LineChart, PieChart, ScatterChart, HeatmapChart, GridComponent, TooltipComponent, LegendComponent, VisualMapComponent, AriaComponent, CanvasRenderer]);

const PALETTE = ["--accent", "--type-exporter", "--ok", "--type-sensor", "--type-loader", "--type-transformer", "--stale", "--failed"];

/** A chart on a canvas, drawn anew when its data, its room or the theme change. */
export default function EChart({ data, config, onReady }: { data: ChartData; config: ChartConfig; onReady?: (chart: ECharts) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(null);
  const [theme, setTheme] = useState(0);
  const ready = useRef(onReady);
  ready.current = onReady;
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const made = init(element);
    chart.current = made;
    ready.current?.(made);
    const sizes = new ResizeObserver(() => made.resize());
    sizes.observe(element);
    const themes = new MutationObserver(() => setTheme((count) => count + 1));
    themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    return () => {
      sizes.disconnect();
      themes.disconnect();
      made.dispose();
    };
  }, []);
  useEffect(() => {
    const style = getComputedStyle(box.current as HTMLDivElement);
    const token = (name: string) => style.getPropertyValue(name).trim();
    const colours: Colours = { text: token("--text"), muted: token("--text-muted"), line: token("--line"), surface: token("--surface-0"), palette: PALETTE.map(token) };
    chart.current?.setOption(optionOf(data, config, colours), true);
  }, [data, config, theme]);
  return <div ref={box} className="h-full w-full" />;
}
