import { Check, X } from "lucide-react";
import type { TestResult } from "../../api/types";

/** The results of a block's `@test` functions, the failed ones first. */
export function TestList({ tests }: { tests: readonly TestResult[] }) {
  const sorted = [...tests].sort((one, other) => Number(one.passed) - Number(other.passed));
  return (
    <ul aria-label="Tests" className="flex flex-wrap gap-x-4 gap-y-1 text-[12px]">
      {sorted.map((test) => (
        <li key={test.name} className={test.passed ? "flex items-center gap-1 text-muted" : "flex w-full items-start gap-1"}>
          {test.passed ? <Check size={13} className="flex-none text-ok" aria-label="passed" /> : <X size={13} className="mt-0.5 flex-none text-failed" aria-label="failed" />}
          <span>
            {test.name.replaceAll("_", " ")}
            {!test.passed && test.error && <span className="text-failed">: {test.error}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
