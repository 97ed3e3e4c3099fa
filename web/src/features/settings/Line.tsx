import type { ReactNode } from "react";

export function Heading({ title, note }: { title: string; note?: ReactNode }) {
  return (
    <div className="mb-2">
      <h2 className="text-[14px] font-semibold">{title}</h2>
      {note && <p className="text-[12px] text-muted">{note}</p>}
    </div>
  );
}

/** One thing to choose: what it is at the left, the choice at the right. */
export function Line({ title, description, children }: { title: ReactNode; description?: ReactNode; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-1 px-3 py-2">
      <div className="min-w-40 max-w-md flex-1">
        <div className="font-medium">{title}</div>
        {description && <div className="text-[12px] text-muted">{description}</div>}
      </div>
      {children}
    </div>
  );
}
