import type { ReactNode } from "react";

/** One line of a section, all of which leads somewhere. */
export const LINE = "flex items-center gap-3 border-b border-s2 px-3 py-2 last:border-b-0 hover:bg-s1";

export function Section({ title, more, children }: { title: string; more?: ReactNode; children: ReactNode }) {
  return (
    <section className="min-w-0">
      <div className="mb-1 flex items-baseline justify-between">
        <h2 className="text-[14px] font-semibold">{title}</h2>
        {more}
      </div>
      <div className="overflow-hidden rounded-card border border-line">{children}</div>
    </section>
  );
}
