import { startTransition, useEffect, useState, type RefObject } from "react";

const observers = new WeakMap<Element, IntersectionObserver>();
const watched = new WeakMap<Element, (near: boolean) => void>();

/** How far from the view a card may be and still hold its editor. */
const MARGIN = "700px 0px";

function observerOf(root: Element): IntersectionObserver {
  let observer = observers.get(root);
  if (!observer) {
    // One observer for all cards: 250 of them would each wake the page.
    observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) watched.get(entry.target)?.(entry.isIntersecting);
      },
      { root, rootMargin: MARGIN },
    );
    observers.set(root, observer);
  }
  return observer;
}

/**
 * Whether an element is in the view of the notebook, or nearly. `wanted` makes it so at once, and what has the focus stays
 * so: an editor that somebody types in must not go away under the keys.
 */
export function useNear(element: RefObject<Element | null>, wanted: boolean): boolean {
  const [near, setNear] = useState(wanted);
  if (wanted && !near) setNear(true);
  useEffect(() => {
    const target = element.current;
    const root = target?.closest("[data-notebook]");
    if (!target || !root) return undefined;
    const observer = observerOf(root);
    watched.set(target, (now) => {
      if (now || !target.contains(document.activeElement)) startTransition(() => setNear(now));
    });
    observer.observe(target);
    return () => observer.unobserve(target);
  }, [element]);
  return near || wanted;
}
