import { Link, type LinkProps } from "@tanstack/react-router";

export interface SubPage {
  to: NonNullable<LinkProps["to"]>;
  label: string;
}

/** The pages that belong together, as links over each of them; the one that is open is the heading. */
export function SubPages({ label, pages }: { label: string; pages: readonly SubPage[] }) {
  return (
    <nav aria-label={label} className="flex gap-1">
      {pages.map((page) => (
        <Link
          key={page.to}
          to={page.to}
          activeOptions={{ exact: true, includeSearch: false }}
          className="rounded-control px-2 py-0.5 text-ui text-muted hover:bg-s2 hover:text-fg"
          activeProps={{ className: "bg-accent-soft !text-fg font-semibold" }}
        >
          {page.label}
        </Link>
      ))}
    </nav>
  );
}

export const OF_TRIGGERS: readonly SubPage[] = [
  { to: "/triggers", label: "Triggers" },
  { to: "/calendar", label: "Calendar" },
  { to: "/backfills", label: "Backfills" },
];

export const OF_RUNS: readonly SubPage[] = [
  { to: "/runs", label: "Runs" },
  { to: "/monitor", label: "Monitor" },
  { to: "/logs", label: "Logs" },
  { to: "/alerts", label: "Alerts" },
];
