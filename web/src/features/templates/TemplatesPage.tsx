import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { LayoutTemplate, Plus } from "lucide-react";
import { useRef, useState, type KeyboardEvent } from "react";
import type { TemplateDetail } from "../../api/types";
import { useCommands } from "../../app/commands";
import { count } from "../../app/format";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Input, Select } from "../../ui/fields";
import { TabBar } from "../../ui/Tabs";
import { edgeColour, kindOf, languageOf } from "../editor/notebook/kinds";
import { chosen, inGroups, ofBlocks } from "./list";
import { PipelineTemplates } from "./PipelineTemplates";
import { useTemplateChanges, useTemplates, type OwnTemplate } from "./queries";
import { TemplateForm } from "./TemplateForm";
import { TemplatePreview } from "./TemplatePreview";

const route = getRouteApi("/templates");
const BLANK: OwnTemplate = { name: "", description: "", block_type: "transformer", language: "python", content: "@transformer\ndef transform(data, *args, **kwargs):\n    return data\n" };
const TABS = [{ value: "blocks", label: "Blocks" }, { value: "pipelines", label: "Pipelines" }];

type Writing = { what: "new"; start: OwnTemplate } | { what: "edit"; id: string; revision: string | null; start: OwnTemplate };

/** Everything that a block or a pipeline can be begun from: found, looked at, used; those of the project are written here. */
export function TemplatesPage() {
  const { data, error, isPending } = useTemplates();
  const search = route.useSearch();
  const navigate = useNavigate({ from: "/templates" });
  const [writing, setWriting] = useState<Writing | null>(null);
  const { create, change } = useTemplateChanges();
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const set = (changes: typeof search) => void navigate({ search: (held) => Object.fromEntries(Object.entries({ ...held, ...changes }).filter(([, value]) => value)), replace: true });
  useCommands([
    { id: "new-template", title: "New template", group: "Templates", keys: ["N"], run: () => setWriting({ what: "new", start: BLANK }) },
    { id: "find-template", title: "Find a template", group: "Templates", keys: ["/"], run: () => field.current?.focus() },
  ]);
  if (error) return <ErrorCard className="m-6" error={error} />;
  const all = ofBlocks(data ?? []);
  const groups = inGroups(chosen(all, search));
  const shown = groups.flatMap(([, members]) => members);
  const current = shown.find((one) => one.id === search.template) ?? shown[0];
  const types = [...new Set(all.map((one) => one.block_type))];
  const select = (id: string) => {
    set({ template: id });
    list.current?.querySelector(`[data-id="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "nearest" });
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step === undefined || !current) return;
    event.preventDefault();
    const next = shown[Math.max(0, Math.min(shown.length - 1, shown.indexOf(current) + step))];
    if (next) select(next.id);
  };
  const save = (template: OwnTemplate) => {
    if (!writing) return;
    const done = (made: { id: string }) => {
      setWriting(null);
      set({ template: made.id, q: undefined, type: undefined, source: undefined });
    };
    if (writing.what === "new") create.mutate(template, { onSuccess: done });
    else change.mutate({ id: writing.id, name: template.name, description: template.description, content: template.content, revision: writing.revision }, { onSuccess: done });
  };
  const ownOf = ({ name, description, block_type, language, content }: TemplateDetail): OwnTemplate => ({ name, description, block_type, language, content });
  const tab = search.tab === "pipelines" ? "pipelines" : "blocks";
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-2 px-4 py-3">
        <h1 className="mr-2 text-title font-semibold">Templates</h1>
        {tab === "blocks" && (
          <>
            <Input ref={field} value={search.q ?? ""} onChange={(event) => set({ q: event.target.value })} onKeyDown={onKey} placeholder="Find by purpose: postgres, csv, join…" aria-label="Find templates" className="!w-64" />
            <Select aria-label="Type of block" value={search.type ?? ""} onChange={(event) => set({ type: event.target.value })}>
              <option value="">Every type</option>
              {types.map((type) => <option key={type} value={type}>{kindOf(type).word}</option>)}
            </Select>
            <Select aria-label="Whose" value={search.source ?? ""} onChange={(event) => set({ source: event.target.value })}>
              <option value="">Built in and ours</option>
              <option value="built-in">Built in</option>
              <option value="project">Of this project</option>
            </Select>
          </>
        )}
        <span className="ml-auto flex items-center gap-3">
          {tab === "blocks" && <span role="status" className="tabular text-muted">{data ? `${count(shown.length)} of ${count(all.length)}` : ""}</span>}
          <Button look="primary" icon={<Plus size={14} aria-hidden="true" />} onClick={() => { set({ tab: undefined }); setWriting({ what: "new", start: BLANK }); }}>New template</Button>
        </span>
      </header>
      <div className="flex-none border-b border-line px-3"><TabBar label="What is begun" tabs={TABS} value={tab} onChange={(value) => set({ tab: value === "blocks" ? undefined : value })} /></div>
      {tab === "pipelines" ? (
        <div className="min-h-0 flex-1 overflow-y-auto"><PipelineTemplates /></div>
      ) : (
        <div className="flex min-h-0 flex-1">
          <div ref={list} role="listbox" aria-label="Templates" tabIndex={0} aria-activedescendant={current ? `template-${current.id}` : undefined} onKeyDown={onKey} className="w-[min(420px,45%)] flex-none overflow-y-auto border-r border-line pb-4">
            {isPending && <div className="p-4"><Spinner label="Reading the templates" /></div>}
            {data && shown.length === 0 && <p className="p-4 text-muted">Nothing fits. <button type="button" className="text-accent underline" onClick={() => void navigate({ search: {} })}>Show all</button></p>}
            {groups.map(([name, members]) => (
              <div key={name} role="group" aria-label={name}>
                <p className="sticky top-0 bg-s0 px-4 pb-1 pt-3 text-meta font-semibold text-muted" aria-hidden="true">{name}</p>
                {members.map((one) => (
                  <div key={one.id} id={`template-${one.id}`} data-id={one.id} role="option" aria-selected={one.id === current?.id} onClick={() => { setWriting(null); select(one.id); }} className={`flex cursor-default items-center gap-3 px-4 py-1.5 ${one.id === current?.id ? "bg-accent-soft" : "hover:bg-s1"}`} style={{ boxShadow: `inset 3px 0 0 ${edgeColour({ type: one.block_type, color: null })}` }}>
                    <span className="w-8 flex-none text-center text-[10px] font-bold text-muted">{languageOf(one.language).short}</span>
                    <span className="min-w-0 flex-1">
                      <span className="block truncate font-medium">{one.name}{!one.ready && <span className="pl-2 text-meta font-normal text-stale">needs a package</span>}</span>
                      <span className="block truncate text-meta text-muted">{one.description}</span>
                    </span>
                    <span className="flex-none text-meta text-muted">{kindOf(one.block_type).word}</span>
                  </div>
                ))}
              </div>
            ))}
          </div>
          <div className="min-w-0 flex-1">
            {writing ? (
              <TemplateForm key={writing.what === "edit" ? writing.id : writing.start.name} title={writing.what === "edit" ? `Edit ${writing.start.name}` : "New template"} start={writing.start} fixed={writing.what === "edit"} busy={create.isPending || change.isPending} onSave={save} onCancel={() => setWriting(null)} />
            ) : current ? (
              <TemplatePreview key={current.id} template={current} onEdit={(detail) => setWriting({ what: "edit", id: detail.id, revision: detail.revision, start: ownOf(detail) })} onCopy={(detail) => setWriting({ what: "new", start: { ...ownOf(detail), name: `${detail.name} (own)` } })} />
            ) : (
              !isPending && <EmptyState icon={<LayoutTemplate size={32} aria-hidden="true" />} title="No template is chosen">A template of your own is kept with the project, in custom_templates, for everybody who works on it.</EmptyState>
            )}
          </div>
        </div>
      )}
    </div>
  );
}
