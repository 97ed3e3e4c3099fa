import { useQuery } from "@tanstack/react-query";
import { FileSpreadsheet } from "lucide-react";
import { useMemo, useState } from "react";
import { bytes } from "../../../app/format";
import { Dialog } from "../../../ui/Dialog";
import { ErrorCard, Spinner } from "../../../ui/feedback";
import { Input } from "../../../ui/fields";
import { dataFilesQuery } from "../queries";
import { addBlock } from "../session/changes";
import { useSession } from "../session/context";
import { useNavigation } from "../session/selection";
import { nameFor, readerFor } from "./readers";

/** Picks a data file of the project and adds the block that reads it. */
export function DataFileDialog({ after, onClose }: { after: string | null; onClose: () => void }) {
  const session = useSession();
  const { select, openFile } = useNavigation();
  const files = useQuery(dataFilesQuery);
  const [search, setSearch] = useState("");
  const hits = useMemo(() => (files.data ?? []).filter((file) => file.path.toLowerCase().includes(search.toLowerCase())), [files.data, search]);
  const pick = (path: string) => {
    onClose();
    void addBlock(session, { type: "data_loader", language: "python", suggested: nameFor(path), content: readerFor(path), after }, select);
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Read a file of the project" description="CSV, TSV, Parquet, JSON and Excel files in the project's folders.">
      <Input autoFocus value={search} onChange={(event) => setSearch(event.target.value)} placeholder="Filter by name" aria-label="Filter by name" onKeyDown={(event) => event.key === "Enter" && hits[0] && pick(hits[0].path)} />
      <div className="mt-2">
        {files.isPending && <Spinner label="Looking for data files" />}
        {files.error && <ErrorCard error={files.error} />}
        {files.data && hits.length === 0 && (
          <p className="text-muted">
            No such file. <button type="button" className="text-accent underline" onClick={() => openFile("")}>Upload one</button> on the Files page.
          </p>
        )}
        <ul>
          {hits.map((file) => (
            <li key={file.path}>
              <button type="button" className="flex w-full items-center gap-2 rounded-control px-2 py-1 text-left hover:bg-s2" onClick={() => pick(file.path)}>
                <FileSpreadsheet size={14} className="flex-none text-muted" aria-hidden="true" />
                <span className="min-w-0 flex-1 truncate font-mono text-code">{file.path}</span>
                <span className="tabular text-meta text-muted">{bytes(file.size)}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
