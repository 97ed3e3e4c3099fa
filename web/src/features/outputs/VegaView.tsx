import { useEffect, useRef, useState } from "react";

/** A Vega or Vega-Lite chart. Its expressions are interpreted, never compiled: the page allows no code made from text. */
export default function VegaView({ spec, lite }: { spec: unknown; lite: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    let gone = false;
    let finalize: (() => void) | undefined;
    void import("vega-embed").then(async ({ default: embed }) => {
      const dark = document.documentElement.dataset.theme === "dark";
      try {
        const result = await embed(element, spec as never, { ast: true, actions: false, mode: lite ? "vega-lite" : "vega", theme: dark ? "dark" : undefined });
        if (gone) result.finalize();
        else finalize = () => result.finalize();
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error));
      }
    });
    return () => {
      gone = true;
      finalize?.();
    };
  }, [spec, lite]);
  return (
    <>
      {problem && <p role="alert" className="p-3 text-ui text-failed">{problem}</p>}
      <div ref={box} className="overflow-auto p-3" />
    </>
  );
}
