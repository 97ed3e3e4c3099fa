import { useCallback, useEffect, useRef } from "react";

const PAUSE = 500;

/** Saves what a form holds, a moment after its last change; closing the form or leaving the place saves at once. */
export function useKept(text: string, saved: string, open: boolean, save: (text: string) => void): void {
  const waiting = useRef<{ text: string; timer: ReturnType<typeof setTimeout> } | null>(null);
  const latest = useRef(save);
  latest.current = save;
  const flush = useCallback(() => {
    const held = waiting.current;
    if (!held) return;
    clearTimeout(held.timer);
    waiting.current = null;
    latest.current(held.text);
  }, []);
  useEffect(() => {
    if (!open) {
      flush();
      return;
    }
    clearTimeout(waiting.current?.timer);
    waiting.current = text === saved ? null : { text, timer: setTimeout(flush, PAUSE) };
  }, [text, saved, open, flush]);
  useEffect(() => flush, [flush]);
}
