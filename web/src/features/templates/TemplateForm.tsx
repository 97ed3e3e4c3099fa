import { lazy, Suspense, useState } from "react";
import { Button } from "../../ui/Button";
import { Spinner } from "../../ui/feedback";
import { Field, Input, Select } from "../../ui/fields";
import { kindOf, languageOf } from "../editor/notebook/kinds";
import type { OwnTemplate } from "./queries";

const CodeEditor = lazy(() => import("../editor/code/CodeEditor"));
const TYPES = ["data_loader", "transformer", "data_exporter", "custom", "sensor"];

interface Props {
  title: string;
  start: OwnTemplate;
  /** What a template is made for cannot change: blocks of that type have its code already. */
  fixed?: boolean;
  busy: boolean;
  onSave: (template: OwnTemplate) => void;
  onCancel: () => void;
}

/** A template of the project while it is written. */
export function TemplateForm({ title, start, fixed = false, busy, onSave, onCancel }: Props) {
  const [held, setHeld] = useState(start);
  const set = (changes: Partial<OwnTemplate>) => setHeld((now) => ({ ...now, ...changes }));
  return (
    <form
      className="flex h-full min-h-0 flex-col"
      onSubmit={(event) => {
        event.preventDefault();
        onSave({ ...held, name: held.name.trim() });
      }}
    >
      <div className="flex flex-none flex-col gap-3 border-b border-line p-4">
        <h2 className="text-title font-semibold">{title}</h2>
        <div className="grid grid-cols-[repeat(auto-fill,minmax(180px,1fr))] gap-3">
          <Field label="Name">{(id) => <Input id={id} autoFocus value={held.name} onChange={(event) => set({ name: event.target.value })} />}</Field>
          <Field label="What it is for">{(id) => <Input id={id} value={held.description} onChange={(event) => set({ description: event.target.value })} />}</Field>
          {!fixed && (
            <>
              <Field label="Makes">{(id) => (
                <Select id={id} className="w-full" value={held.block_type} onChange={(event) => set({ block_type: event.target.value, language: kindOf(event.target.value).languages.includes(held.language) ? held.language : "python" })}>
                  {TYPES.map((type) => <option key={type} value={type}>{kindOf(type).word}</option>)}
                </Select>
              )}</Field>
              <Field label="Language">{(id) => (
                <Select id={id} className="w-full" value={held.language} onChange={(event) => set({ language: event.target.value })}>
                  {kindOf(held.block_type).languages.filter((language) => language !== "r").map((language) => <option key={language} value={language}>{languageOf(language).word}</option>)}
                </Select>
              )}</Field>
            </>
          )}
        </div>
      </div>
      <div className="min-h-0 flex-1 overflow-auto">
        <Suspense fallback={<div className="p-4"><Spinner label="Opening the editor" /></div>}>
          <CodeEditor text={start.content} external={0} language={held.language} label="Code of the template" keys={{ leave: () => (document.activeElement as HTMLElement | null)?.blur() }} focus={null} onChange={(content) => set({ content })} />
        </Suspense>
      </div>
      <div className="flex flex-none justify-end gap-2 border-t border-line p-3">
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" look="primary" busy={busy} disabled={held.name.trim() === "" || held.content.trim() === ""}>Save the template</Button>
      </div>
    </form>
  );
}
