import { useCallback, useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { clampPosition, positionOf, ROW_HEIGHT, rowWindow, scrollTopOf, visibleRows } from "./window";

/** Which rows are in view of a box, below a head of some height; the bar may stand for more rows than it has pixels. */
export function useRowScroll(box: RefObject<HTMLDivElement | null>, total: number, head: number) {
  const [view, setView] = useState(0);
  const [wide, setWide] = useState(0);
  const [position, setPosition] = useState(0);
  const moved = useRef(-1);
  const window_ = useMemo(() => rowWindow(total, view), [total, view]);

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const sizes = new ResizeObserver(() => {
      setView(Math.max(0, element.clientHeight - head));
      setWide(element.clientWidth);
    });
    sizes.observe(element);
    return () => sizes.disconnect();
  }, [box, head]);

  const goTo = useCallback(
    (next: number) => {
      const element = box.current;
      const place = clampPosition(next, view, window_);
      setPosition(place);
      if (element) {
        element.scrollTop = scrollTopOf(place, view, window_);
        moved.current = element.scrollTop;
      }
    },
    [box, view, window_],
  );
  useEffect(() => {
    const element = box.current;
    if (!element || window_.full <= window_.spacer) return undefined;
    // The bar stands for more rows than it has pixels: the wheel is ours, so that no row is passed over.
    const onWheel = (event: WheelEvent) => {
      if (event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      goTo(position + (event.deltaMode === 1 ? event.deltaY * ROW_HEIGHT : event.deltaY));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [box, goTo, position, window_]);

  const onScroll = () => {
    const element = box.current;
    if (!element || element.scrollTop === moved.current) return;
    moved.current = element.scrollTop;
    setPosition(positionOf(element.scrollTop, view, window_));
  };
  const reveal = (row: number) => {
    const top = row * ROW_HEIGHT;
    if (top < position) goTo(top);
    else if (top + ROW_HEIGHT > position + view) goTo(top + ROW_HEIGHT - view);
  };
  return { view, wide, spacer: window_.spacer, ...visibleRows(clampPosition(position, view, window_), view, total), goTo, reveal, onScroll };
}
