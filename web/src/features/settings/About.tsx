import type { ReactNode } from "react";
import type { ProjectInfo } from "../../api/types";
import { Badge } from "../../ui/status";
import { Heading } from "./Line";
import type { Settings } from "./queries";

const NOT_INSTALLED = <>not installed: <code className="font-mono">pip install "penstock[editor]"</code></>;

/** What the server found of its surroundings. */
export function About({ project, environment }: { project: ProjectInfo; environment: Settings["environment"] }) {
  const facts: [string, ReactNode][] = [
    ["Folder", project.root],
    ["Penstock", project.version],
    ["Python", project.python],
    ["System", project.platform],
    ["Language server", project.features.language_server ? "ty" : NOT_INSTALLED],
    ["Formatter", project.features.formatter ? "ruff" : NOT_INSTALLED],
    ["Git", project.features.git ? "found" : "this folder is not a git repository"],
  ];
  return (
    <section>
      <Heading title="About" />
      <dl className="grid grid-cols-[minmax(90px,160px)_1fr] gap-y-1 rounded-card border border-line px-3 py-2">
        {facts.map(([name, value]) => [<dt key={name} className="text-muted">{name}</dt>, <dd key={`${name}-value`} className="min-w-0 break-words">{value}</dd>])}
      </dl>
      {environment.length > 0 && (
        <details className="mt-3">
          <summary className="cursor-pointer text-muted">Environment variables that Penstock reads</summary>
          <ul className="mt-1 divide-y divide-line rounded-card border border-line">
            {environment.map((one) => (
              <li key={one.name} className="flex flex-wrap gap-x-3 px-3 py-1 sm:flex-nowrap"><code className="w-full flex-none break-all font-mono text-code sm:w-80">{one.name}</code><span className="flex-1 text-muted">{one.description}</span>{one.set && <Badge tone="ok">set</Badge>}</li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
