import { showKeys } from "../app/commands";

export function Kbd({ keys }: { keys: string }) {
  return (
    <kbd className="inline-flex gap-0.5 font-sans text-meta text-muted">
      {showKeys(keys)
        .split(" ")
        .map((part, index) => (
          <span key={index} className="rounded-[3px] border border-line bg-s1 px-1 leading-4">
            {part}
          </span>
        ))}
    </kbd>
  );
}
