import { ChevronDown, ChevronRight, File, Folder, FolderOpen, Link2 } from "lucide-react";
import { useEffect, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";
import { useKeyNotes } from "../../app/commands";
import { Spinner } from "../../ui/feedback";
import { ContextMenu, type MenuItem } from "../../ui/Menu";
import { useFolder, type FileEntry } from "./queries";
import { between } from "./tabs";

interface Props {
  /** The file that is shown. */
  shown: string;
  /** What is marked, to be opened or deleted together. */
  marked: ReadonlySet<string>;
  hidden: boolean;
  onMark: (paths: string[]) => void;
  onOpen: (paths: string[]) => void;
  menuOf: (entry: FileEntry) => MenuItem[];
  onMove: (paths: string[], folder: string) => void;
}

interface Inner extends Props {
  /** A click or key on an entry; answers whether it has marked something, and so does nothing else. */
  mark: (event: MouseEvent | KeyboardEvent, path: string) => boolean;
}

const GIT: Record<string, { word: string; colour: string }> = {
  M: { word: "changed since the last commit", colour: "var(--stale)" },
  A: { word: "added since the last commit", colour: "var(--ok)" },
  "?": { word: "not in git", colour: "var(--ok)" },
  D: { word: "deleted since the last commit", colour: "var(--failed)" },
};

/**
 * The project's folder, read level by level. Files can be dragged into folders. With Ctrl (Cmd) an entry is marked or
 * unmarked, with Shift everything up to it is.
 */
export function Tree(props: Props) {
  const tree = useRef<HTMLDivElement>(null);
  const anchor = useRef("");
  const { marked, onMark, onOpen } = props;
  useKeyNotes("File tree", [["Mark, or unmark", "Mod+Space"], ["Mark the next, the one before", "Shift+ArrowDown", "Shift+ArrowUp"], ["Open what is marked", "Enter"]]);
  const mark = (event: MouseEvent | KeyboardEvent, path: string) => {
    if (event.shiftKey) {
      onMark(between(itemsOf(tree.current).map(pathOf), anchor.current || props.shown, path));
      return true;
    }
    anchor.current = path;
    if (!event.ctrlKey && !event.metaKey) return false;
    onMark(marked.has(path) ? [...marked].filter((one) => one !== path) : [...marked, path]);
    return true;
  };
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const items = itemsOf(tree.current);
    const at = items.indexOf(document.activeElement as HTMLElement);
    const now = items[at];
    if (!now) return;
    const expanded = now.getAttribute("aria-expanded");
    const to = { ArrowDown: items[at + 1], ArrowUp: items[at - 1], Home: items[0], End: items.at(-1) }[event.key];
    if (to) {
      to.focus();
      if (event.shiftKey) {
        anchor.current ||= pathOf(now);
        mark(event, pathOf(to));
      }
    } else if ((event.key === "ArrowRight" && expanded === "false") || (event.key === "ArrowLeft" && expanded === "true")) now.click();
    else if (event.key === " " && (event.ctrlKey || event.metaKey)) mark(event, pathOf(now));
    else if (event.key === "Enter" && marked.size > 1 && marked.has(pathOf(now))) onOpen(items.filter((item) => marked.has(pathOf(item)) && !item.dataset.folder).map(pathOf));
    else if (event.key === "Escape" && marked.size > 1) onMark([]);
    else return;
    event.preventDefault();
  };
  return (
    <div ref={tree} role="tree" aria-label="Files" aria-multiselectable="true" className="py-1 text-ui" onKeyDown={onKey}>
      <Level folder="" depth={0} {...props} mark={mark} />
    </div>
  );
}

const itemsOf = (tree: HTMLElement | null) => [...(tree?.querySelectorAll<HTMLElement>("[role=treeitem]") ?? [])];
const pathOf = (item: HTMLElement) => item.dataset.path ?? "";

function Level({ folder, depth, ...props }: Inner & { folder: string; depth: number }) {
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

function Entry({ entry, depth, ...props }: Inner & { entry: FileEntry; depth: number }) {
  const folder = entry.kind === "folder";
  const holds = folder && props.shown.startsWith(`${entry.path}/`);
  const [open, setOpen] = useState(holds);
  useEffect(() => {
    if (holds) setOpen(true);
  }, [holds, props.shown]);
  const [over, setOver] = useState(false);
  const git = entry.git ? GIT[entry.git] : undefined;
  const marked = props.marked.has(entry.path);
  const Icon = folder ? (open ? FolderOpen : Folder) : entry.kind === "link" ? Link2 : File;
  return (
    <>
      <ContextMenu items={props.menuOf(entry)}>
        <button
          type="button"
          role="treeitem"
          aria-expanded={folder ? open : undefined}
          aria-selected={marked}
          aria-current={entry.path === props.shown || undefined}
          aria-level={depth + 1}
          data-folder={folder || undefined}
          data-path={entry.path}
          draggable
          onDragStart={(event) => event.dataTransfer.setData("text/penstock-path", JSON.stringify(marked ? [...props.marked] : [entry.path]))}
          onDragOver={(event) => {
            if (!folder || !event.dataTransfer.types.includes("text/penstock-path")) return;
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            setOver(false);
            const from = event.dataTransfer.getData("text/penstock-path");
            const paths = from ? (JSON.parse(from) as string[]).filter((path) => path !== entry.path) : [];
            if (folder && paths.length > 0) props.onMove(paths, entry.path);
          }}
          onClick={(event) => {
            if (props.mark(event, entry.path)) return;
            props.onMark([entry.path]);
            if (folder) setOpen(!open);
            else props.onOpen([entry.path]);
          }}
          className={`flex h-6 w-full select-none items-center gap-1.5 pr-2 text-left hover:bg-s2 ${marked ? "bg-accent-soft" : ""} ${entry.path === props.shown ? "font-medium" : ""} ${over ? "outline outline-2 -outline-offset-2 outline-accent" : ""}`}
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
