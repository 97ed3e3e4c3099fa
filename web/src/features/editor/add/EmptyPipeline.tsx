import { Blocks, Database, FileSpreadsheet, FileText, LayoutTemplate, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { Kbd } from "../../../ui/Kbd";
import type { NewBlock } from "../queries";
import { addBlock } from "../session/changes";
import { useSession } from "../session/context";
import { useNavigation } from "../session/selection";
import { DataFileDialog } from "./DataFileDialog";

interface Tile {
  icon: LucideIcon;
  title: string;
  text: string;
  block?: NewBlock;
}

const TILES: Tile[] = [
  { icon: Blocks, title: "Python", text: "A function that returns a table, or any value", block: { type: "data_loader", language: "python" } },
  { icon: Database, title: "SQL", text: "A query on files, on other blocks, or on a database", block: { type: "data_loader", language: "sql" } },
  { icon: FileSpreadsheet, title: "From a file", text: "Reads a CSV, Parquet, JSON or Excel file of the project" },
  { icon: LayoutTemplate, title: "From a template", text: "Databases, object stores, APIs, checks, waiting for something" },
  { icon: FileText, title: "Text", text: "Says what the pipeline is for", block: { type: "markdown", language: "markdown" } },
];

/** What a pipeline without blocks shows: the ways to begin. */
export function EmptyPipeline() {
  const session = useSession();
  const { select } = useNavigation();
  const [files, setFiles] = useState(false);
  const open = (tile: Tile) => {
    if (tile.block) void addBlock(session, { ...tile.block, after: null }, select);
    else if (tile.title === "From a file") setFiles(true);
    else session.ui.setState({ adding: { after: null, upstream: [] } });
  };
  return (
    <div className="mx-auto flex max-w-2xl flex-col items-center gap-4 pt-[8vh]">
      <h2 className="text-title font-semibold">Begin with a block</h2>
      <p className="max-w-md text-center text-muted">A block is a file with a function or a query. What it returns is stored, shown, and handed to the blocks that name it.</p>
      <div className="grid w-full grid-cols-[repeat(auto-fill,minmax(190px,1fr))] gap-3">
        {TILES.map((tile) => (
          <button key={tile.title} type="button" className="flex flex-col gap-1 rounded-card border border-line bg-s0 p-3 text-left hover:border-accent" onClick={() => open(tile)}>
            <span className="flex items-center gap-2 font-semibold"><tile.icon size={16} className="text-accent" aria-hidden="true" />{tile.title}</span>
            <span className="text-[12px] text-muted">{tile.text}</span>
          </button>
        ))}
      </div>
      <p className="text-meta text-muted"><Kbd keys="Mod+/" /> searches all of them</p>
      {files && <DataFileDialog after={null} onClose={() => setFiles(false)} />}
    </div>
  );
}
