import { Copy } from "lucide-react";
import { toast } from "../../../ui/toasts";

/** How something is used in a language: pressing it copies that. */
export function Usage({ word, usage }: { word: string; usage: string }) {
  const copy = () => void navigator.clipboard.writeText(usage).then(() => toast(`Copied ${usage}`, { seconds: 2 }));
  return (
    <button type="button" title={`Copy ${usage}`} className="inline-flex items-center gap-0.5 rounded-control px-1 text-meta text-muted hover:bg-s2 hover:text-fg" onClick={copy}>
      <Copy size={10} aria-hidden="true" /> {word}
    </button>
  );
}
