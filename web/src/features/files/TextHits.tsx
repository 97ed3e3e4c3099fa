import { Spinner } from "../../ui/feedback";
import { useTextSearch } from "./queries";

/** Where a text stands in the files of the project; each opens in a tab, at its line. */
export function TextHits({ query, onOpen }: { query: string; onOpen: (path: string, line: number) => void }) {
  const { data, isPending, error } = useTextSearch(query);
  if (isPending) return <div className="p-3"><Spinner label="Searching" /></div>;
  if (error) return <p role="alert" className="p-3 text-failed">{error.message}</p>;
  if (data.hits.length === 0) return <p className="p-3 text-muted">No file holds that text.</p>;
  return (
    <ul>
      {data.hits.map((hit, index) => (
        <li key={index}>
          <button type="button" className="w-full px-3 py-1 text-left hover:bg-s2" onClick={() => onOpen(hit.path, hit.line)}>
            <span className="block truncate text-[12px]">{hit.path}<span className="text-muted">:{hit.line}</span></span>
            <span className="block truncate font-mono text-meta text-muted">{hit.text.trim()}</span>
          </button>
        </li>
      ))}
      {data.truncated && <li className="p-3 text-[12px] text-muted">There are more; type more of it.</li>}
    </ul>
  );
}
