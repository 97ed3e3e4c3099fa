const MARGIN = 8;
const GIVE_UP = ["wheel", "pointerdown", "keydown", "touchstart"] as const;

/**
 * Scrolls a card to where it can be read: as little as need be, its top first when it is taller than the view.
 *
 * Cards that come near grow as their editors appear and push it away again, so its place is looked at a few times, until
 * the person does something. Answers with what stops that.
 */
export function bringIntoView(card: HTMLElement): () => void {
  const box = card.closest<HTMLElement>("[data-notebook]");
  if (!box) return () => undefined;
  const place = () => {
    const inner = card.getBoundingClientRect();
    const outer = box.getBoundingClientRect();
    const above = outer.top + MARGIN - inner.top;
    const below = inner.bottom + MARGIN - outer.bottom;
    if (above <= 0 && below <= 0) return;
    if (above > 0 || inner.height > outer.height - 2 * MARGIN) {
      // A tall card whose top is in the upper part is being read: let it be.
      if (above > 0 || -above > outer.height / 3) box.scrollTop -= above;
    } else box.scrollTop += below;
  };
  const timers = [50, 150, 350].map((delay) => setTimeout(place, delay));
  const stop = () => {
    timers.forEach(clearTimeout);
    GIVE_UP.forEach((name) => box.removeEventListener(name, stop));
  };
  GIVE_UP.forEach((name) => box.addEventListener(name, stop, { passive: true }));
  place();
  return stop;
}
