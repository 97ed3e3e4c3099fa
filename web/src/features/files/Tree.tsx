import { ChevronDown, ChevronRight, File, Folder, FolderOpen, Link2 } from "lucide-react";
import { useState, type KeyboardEvent } from "react";
import { Spinner } from "../../ui/feedback";
import { ContextMenu, type MenuItem } from "../../ui/Menu";
import { useFolder, type FileEntry } from "./queries";

interface Props {
  selected: string;
  hidden: boolean;
  onOpen: (entry: FileEntry) => void;
  menuOf: (entry: FileEntry) => MenuItem[];
  onMove: (from: string, folder: string) => void;
}

const GIT: Record<string, { word: string; colour: string }> = {
  M: { word: "changed since the last commit", colour: "var(--stale)" },
  A: { word: "added since the last commit", colour: "var(--ok)" },
  "?": { word: "not in git", colour: "var(--ok)" },
  D: { word: "deleted since the last commit", colour: "var(--failed)" },
};

/** The project's folder, read level by level. Files can be dragged into folders. */
export function Tree(props: Props) {
  return (
    <div role="tree" aria-label="Files" className="py-1 text-ui" onKeyDown={onKey}>
      <Level folder="" depth={0} {...props} />
    </div>
  );
}

function Level({ folder, depth, ...props }: Props & { folder: string; depth: number }) {
  const { data, isPending, error } = useFolder(folder);
  if (isPending) return <div style={{ paddingLeft: 12 + depth * 14 }}><Spinner /></div>;
  if (error) return <p className="px-3 text-failed" role="alert">{error.message}</p>;
  const entries = data.entries.filter((entry) => props.hidden || !entry.hidden);
  return (
    <>
      {entries.map((entry) => <Entry key={entry.path} entry={entry} depth={depth} {...props} />)}
      {entries.length === 0 && <p className="py-0.5 text-[12px] text-muted" style={{ paddingLeft: 28 + depth * 14 }}>empty</p>}
      {data.truncated && <p className="py-0.5 text-[12px] text-muted" style={{ paddingLeft: 28 + depth * 14 }}>There are more; use the search.</p>}
    </>
  );
}

function Entry({ entry, depth, ...props }: Props & { entry: FileEntry; depth: number }) {
  const folder = entry.kind === "folder";
  const [open, setOpen] = useState(folder && props.selected.startsWith(`${entry.path}/`));
  const [over, setOver] = useState(false);
  const git = entry.git ? GIT[entry.git] : undefined;
  const Icon = folder ? (open ? FolderOpen : Folder) : entry.kind === "link" ? Link2 : File;
  return (
    <>
      <ContextMenu items={props.menuOf(entry)}>
        <button
          type="button"
          role="treeitem"
          aria-expanded={folder ? open : undefined}
          aria-selected={entry.path === props.selected}
          aria-level={depth + 1}
          data-folder={folder || undefined}
          draggable
          onDragStart={(event) => event.dataTransfer.setData("text/penstock-path", entry.path)}
          onDragOver={(event) => {
            if (!folder || !event.dataTransfer.types.includes("text/penstock-path")) return;
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            setOver(false);
            const from = event.dataTransfer.getData("text/penstock-path");
            if (folder && from && from !== entry.path) props.onMove(from, entry.path);
          }}
          onClick={() => (folder ? setOpen(!open) : props.onOpen(entry))}
          className={`flex h-6 w-full items-center gap-1.5 pr-2 text-left hover:bg-s2 ${entry.path === props.selected ? "bg-accent-soft font-medium" : ""} ${over ? "outline outline-2 -outline-offset-2 outline-accent" : ""}`}
          style={{ paddingLeft: 8 + depth * 14 }}
          title={[entry.path, git?.word, entry.pipelines.length > 0 ? `used by ${entry.pipelines.join(", ")}` : ""].filter(Boolean).join("\n")}
        >
          {folder ? open ? <ChevronDown size={12} aria-hidden="true" className="flex-none text-muted" /> : <ChevronRight size={12} aria-hidden="true" className="flex-none text-muted" /> : <span className="w-3 flex-none" />}
          <Icon size={13} aria-hidden="true" className="flex-none text-muted" />
          <span className={`truncate ${entry.hidden ? "text-muted" : ""}`}>{entry.name}</span>
          {git && <span className="ml-auto flex-none text-meta font-bold" style={{ color: git.colour }} aria-label={git.word}>{entry.git === "?" ? "U" : entry.git}</span>}
        </button>
      </ContextMenu>
      {folder && open && <Level folder={entry.path} depth={depth + 1} {...props} />}
    </>
  );
}

function onKey(event: KeyboardEvent<HTMLElement>): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=treeitem]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const now = items[at];
  if (!now) return;
  const expanded = now.getAttribute("aria-expanded");
  const to = { ArrowDown: items[at + 1], ArrowUp: items[at - 1], Home: items[0], End: items.at(-1) }[event.key];
  if (to) to.focus();
  else if ((event.key === "ArrowRight" && expanded === "false") || (event.key === "ArrowLeft" && expanded === "true")) now.click();
  else return;
  event.preventDefault();
}
