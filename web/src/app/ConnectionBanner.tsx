import { useEffect, useState } from "react";
import { live, useConnection } from "../api/live";
import { Button } from "../ui/Button";

/** Shorter than this, a lost connection is nobody's business: a server that restarts is back by then. */
const PATIENCE_MS = 700;

/** Says that what the page shows may be old, and what to do about it. What was typed stays where it is. */
export function ConnectionBanner() {
  const state = useConnection((connection) => connection.state);
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (state !== "lost") return undefined;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [state]);
  if (state !== "refused" && !(state === "lost" && late)) return null;
  return (
    <div role="status" className="flex flex-none flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-stale-soft px-4 py-1.5 text-ui text-stale">
      <span className="min-w-0 flex-1">
        {state === "refused"
          ? "This browser is not logged in any more. Run penstock start again and open the link that it prints in another tab; then go on here. What you typed is still there."
          : "The connection to the server is lost. What you type is kept here; this page reconnects by itself."}
      </span>
      <Button onClick={() => live.hurry()}>Try now</Button>
    </div>
  );
}
