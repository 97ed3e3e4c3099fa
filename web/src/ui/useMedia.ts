import { useEffect, useState } from "react";

/** Narrower than this, what has columns elsewhere stands in lines below one another: the `md` of the styles. */
export const NARROW = "(max-width: 767px)";

/** Whether a media query holds now. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const onChange = () => setMatches(media.matches);
    onChange();
    media.addEventListener("change", onChange);
    return () => media.removeEventListener("change", onChange);
  }, [query]);
  return matches;
}
