import { Eye } from "lucide-react";
import { useMay } from "./permissions";

/** Says, on every page, that nothing can be changed here, so that nobody looks for the reason in a button. */
export function ReadOnlyBanner() {
  const mayEdit = useMay("edit");
  const mayRun = useMay("run");
  if (mayEdit) return null;
  return (
    <div role="note" className="flex flex-none items-center gap-2 border-b border-line bg-s1 px-4 py-1 text-ui text-muted">
      <Eye size={13} className="flex-none" aria-hidden="true" />
      <span className="min-w-0 flex-1">
        {mayRun
          ? "This server is read only: blocks can be run, and nothing can be changed."
          : "This server is read only: everything can be looked at, and nothing can be changed or run from here. Triggers go on starting runs."}
      </span>
    </div>
  );
}
