import { ChevronDown, X } from "lucide-react";
import { useEffect, useRef, type KeyboardEvent } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/react/shallow";
import { useKeyNotes } from "../../app/commands";
import { IconButton } from "../../ui/Button";
import { ContextMenu, Menu, type MenuItem } from "../../ui/Menu";
import { isDirty, type Document } from "../editor/documents/machine";
import type { OpenFiles } from "./openFiles";
import { titlesOf } from "./tabs";

export const PANEL_ID = "open-file";
export const tabId = (path: string) => `tab ${path}`.replaceAll(/\s/g, "_");

interface Props {
  files: OpenFiles;
  shown: string;
  /** Shows a file; with `enter` its text takes the focus. */
  onShow: (path: string, enter: boolean) => void;
  onClose: (paths: string[]) => void;
}

type Mark = "" | "unsaved" | "conflict" | "gone";

const WORDS: Record<Mark, string> = { "": "", unsaved: "not saved", conflict: "changed elsewhere", gone: "deleted" };

function markOf(doc: Document | undefined): Mark {
  if (!doc) return "";
  if (doc.theirs) return "conflict";
  return doc.gone ? "gone" : isDirty(doc) ? "unsaved" : "";
}

/** The open files in a row: arrow keys go from one to the other, Enter into the text, Delete closes. */
export function FileTabs({ files, shown, onShow, onClose }: Props) {
  const paths = useStore(files.store, (state) => state.paths);
  const marks = useStore(files.store, useShallow((state) => state.paths.map((path) => markOf(state.docs[path]))));
  const row = useRef<HTMLDivElement>(null);
  const titles = titlesOf(paths);
  useKeyNotes("Open files", [["Next or previous tab", "ArrowRight", "ArrowLeft"], ["Into the text", "Enter"], ["Close the tab", "Delete"]]);
  useEffect(() => {
    const tab = row.current?.querySelector<HTMLElement>("[aria-selected=true]");
    tab?.scrollIntoView?.({ block: "nearest", inline: "nearest" });
  }, [shown, paths.length]);
  const focus = (path: string | undefined) => {
    if (path === undefined) return;
    onShow(path, false);
    document.getElementById(tabId(path))?.focus();
  };
  const onKey = (event: KeyboardEvent, at: number) => {
    const to = { ArrowRight: (at + 1) % paths.length, ArrowLeft: (at + paths.length - 1) % paths.length, Home: 0, End: paths.length - 1 }[event.key];
    if (to !== undefined) focus(paths[to]);
    else if (event.key === "Delete") {
      const next = paths[at + 1] ?? paths[at - 1];
      onClose([paths[at] as string]);
      if (next) requestAnimationFrame(() => document.getElementById(tabId(next))?.focus());
    } else return;
    event.preventDefault();
  };
  const menuOf = (path: string, at: number): MenuItem[] => {
    const others = paths.filter((one) => one !== path);
    const right = paths.slice(at + 1);
    return [
      { label: "Close", keys: "Delete", onSelect: () => onClose([path]) },
      { label: "Close the others", disabled: others.length === 0, onSelect: () => onClose(others) },
      { label: "Close those to the right", disabled: right.length === 0, onSelect: () => onClose(right) },
      { label: "Close what is saved", disabled: marks.every((mark) => mark !== ""), onSelect: () => onClose(paths.filter((_, index) => marks[index] === "")) },
      { separator: true },
      { label: "Copy path", onSelect: () => void navigator.clipboard.writeText(path) },
    ];
  };
  if (paths.length === 0) return null;
  const every: MenuItem[] = [
    ...paths.map((path, at): MenuItem => ({ label: titles[at]?.name ?? path, hint: [path.split("/").slice(0, -1).join("/"), WORDS[marks[at] ?? ""]].filter(Boolean).join(" · ") || undefined, checked: path === shown, onSelect: () => onShow(path, true) })),
    { separator: true },
    { label: "Close all", onSelect: () => onClose([...paths]) },
  ];
  return (
    <div className="flex h-8 flex-none border-b border-line bg-s1">
      <div
        ref={row}
        role="tablist"
        aria-label="Open files"
        className="flex min-w-0 flex-1 overflow-x-auto overflow-y-hidden [scrollbar-width:none]"
        onWheel={(event) => {
          if (event.deltaX === 0) event.currentTarget.scrollLeft += event.deltaY;
        }}
      >
        {paths.map((path, at) => {
          const mark = marks[at] ?? "";
          const { name, folder } = titles[at] ?? { name: path, folder: "" };
          const current = path === shown;
          return (
            <ContextMenu key={path} items={menuOf(path, at)}>
              <button
                type="button"
                role="tab"
                id={tabId(path)}
                aria-selected={current}
                aria-controls={current ? PANEL_ID : undefined}
                aria-label={[name, folder && `in ${folder === "./" ? "the project's folder" : folder}`, WORDS[mark]].filter(Boolean).join(", ")}
                aria-keyshortcuts="Delete"
                tabIndex={current || (at === 0 && !paths.includes(shown)) ? 0 : -1}
                title={[path, WORDS[mark]].filter(Boolean).join("\n")}
                onClick={() => onShow(path, true)}
                onKeyDown={(event) => onKey(event, at)}
                onMouseDown={(event) => event.button === 1 && event.preventDefault()}
                onAuxClick={(event) => event.button === 1 && onClose([path])}
                className={`group relative flex max-w-60 flex-none items-center gap-1.5 border-r border-line pl-3 pr-1.5 text-ui -outline-offset-2 ${current ? "bg-s0 text-fg after:absolute after:inset-x-0 after:top-0 after:h-0.5 after:bg-accent" : "text-muted hover:bg-s2 hover:text-fg"}`}
              >
                <span className={`truncate ${mark === "gone" ? "line-through" : ""}`}>{name}</span>
                {folder && <span className="min-w-0 flex-shrink-[3] truncate text-meta text-muted">{folder}</span>}
                {mark === "conflict" && <span className="flex-none text-meta font-bold text-stale" aria-hidden="true">!</span>}
                <span
                  aria-hidden="true"
                  data-close={path}
                  title="Close"
                  className="grid h-5 w-5 flex-none place-items-center rounded-control hover:bg-s3"
                  onClick={(event) => {
                    event.stopPropagation();
                    onClose([path]);
                  }}
                >
                  {mark === "" ? null : <span className="h-2 w-2 rounded-full bg-current group-hover:hidden" />}
                  <X size={13} className={mark !== "" ? "hidden group-hover:block" : current ? "" : "opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100"} />
                </span>
              </button>
            </ContextMenu>
          );
        })}
      </div>
      <span className="flex flex-none items-center border-l border-line px-1">
        <Menu items={every} align="end">
          <IconButton label={paths.length === 1 ? "1 open file" : `${paths.length} open files`}><ChevronDown size={14} aria-hidden="true" /></IconButton>
        </Menu>
      </span>
    </div>
  );
}
