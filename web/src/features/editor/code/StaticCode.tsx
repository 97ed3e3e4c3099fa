import { memo } from "react";

/** The text of a block that is out of view or still loading its editor: same place, same size, no editor. */
export const StaticCode = memo(function StaticCode({ text }: { text: string }) {
  const count = text.split("\n").length;
  const numbers = Array.from({ length: count }, (_, index) => index + 1).join("\n");
  return (
    <div className="static-code flex overflow-hidden py-1.5 font-mono" aria-hidden="true">
      <pre className="min-w-8 flex-none select-none pl-2 pr-1 text-right text-muted">{numbers}</pre>
      <pre className="min-w-0 flex-1 overflow-hidden pl-2 pr-3">{text}</pre>
    </div>
  );
});
