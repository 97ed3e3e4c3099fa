import { Link } from "@tanstack/react-router";
import { History } from "lucide-react";
import { Button } from "../../../ui/Button";
import { useUi } from "../session/context";
import { useNavigation } from "../session/selection";

/** Says that a block runs on what it was given in a run, and not on the newest outputs. */
export function GivenBar({ block }: { block: string }) {
  const given = useUi((ui) => (ui.given?.block === block ? ui.given : null));
  const { forgetGiven } = useNavigation();
  if (!given) return null;
  const names = Object.keys(given.inputs ?? {});
  const variables = Object.keys(given.variables);
  const along = variables.length === 0 ? "" : `, with ${variables.join(", ")} of that run`;
  const words = given.inputs ? `: ${names.join(", ") || "it has no inputs"}${names.length === 0 ? "" : names.length === 1 ? " as it was then" : " as they were then"}${along}.` : given.problem ? `, which cannot be told: ${given.problem}` : ", which is being looked up.";
  return (
    <div role="note" aria-label="What it runs on" className="flex flex-wrap items-center gap-2 border-b border-line bg-accent-soft px-3 py-1.5">
      <History size={14} className="flex-none text-muted" aria-hidden="true" />
      <span className="min-w-40 flex-1">
        Runs here on what it was given in <Link to="/runs/$run" params={{ run: given.run }} search={{ block }} className="text-accent underline">run {given.run}</Link>{words}
      </span>
      <Button onClick={forgetGiven}>Use the newest</Button>
    </div>
  );
}
