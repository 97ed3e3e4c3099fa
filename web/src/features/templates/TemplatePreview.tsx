import { useQuery } from "@tanstack/react-query";
import { Copy, Pencil, Plus, Trash2 } from "lucide-react";
import type { Template, TemplateDetail } from "../../api/types";
import { Button } from "../../ui/Button";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { Menu } from "../../ui/Menu";
import { Badge } from "../../ui/status";
import { kindOf, languageOf } from "../editor/notebook/kinds";
import { pipelinesQuery } from "../pipelines/queries";
import { useInPipeline, useTemplate, useTemplateChanges } from "./queries";

interface Props {
  template: Template;
  onEdit: (detail: TemplateDetail & { revision: string | null }) => void;
  onCopy: (detail: TemplateDetail) => void;
}

/** What a template brings: what it is for, what it needs, its code; and the ways to use and change it. */
export function TemplatePreview({ template, onEdit, onCopy }: Props) {
  const { data, error, isPending } = useTemplate(template.id);
  const pipelines = useQuery(pipelinesQuery);
  const put = useInPipeline();
  const { remove } = useTemplateChanges();
  const own = template.source === "project";
  const list = pipelines.data?.pipelines.filter((one) => !one.error) ?? [];
  return (
    <article className="flex h-full min-h-0 flex-col" aria-label={template.name}>
      <header className="flex flex-none flex-col gap-2 border-b border-line p-4">
        <h2 className="text-title font-semibold">{template.name}</h2>
        {template.description && <p>{template.description}</p>}
        <p className="flex flex-wrap items-center gap-2 text-muted">
          <Badge>{kindOf(template.block_type).word}</Badge> <Badge>{languageOf(template.language).word}</Badge> {own && <Badge tone="ok">of this project</Badge>}
          <span>{template.inputs === 0 ? "takes no input" : template.inputs < 0 ? "takes any number of inputs" : template.inputs === 1 ? "takes one input" : `takes ${template.inputs} inputs`}</span>
        </p>
        {!template.ready && template.needs && <p className="text-stale">It needs <code className="font-mono text-code">{template.needs}</code>.</p>}
        <div className="flex flex-wrap gap-2">
          <Menu items={list.length > 0 ? [{ heading: "Add a block to" }, ...list.map((one) => ({ label: one.name, hint: one.description || undefined, onSelect: () => put.mutate({ pipeline: one.uuid, template }) }))] : [{ heading: "Make a pipeline first" }]}>
            <Button look="primary" icon={<Plus size={14} aria-hidden="true" />} busy={put.isPending}>Use it in a pipeline</Button>
          </Menu>
          {own && data && <Button icon={<Pencil size={13} aria-hidden="true" />} onClick={() => onEdit(data)}>Edit</Button>}
          {data && <Button icon={<Copy size={13} aria-hidden="true" />} onClick={() => onCopy(data)}>{own ? "Duplicate" : "Make your own of it"}</Button>}
          {own && <Button look="danger" icon={<Trash2 size={13} aria-hidden="true" />} onClick={() => remove.mutate({ id: template.id, name: template.name })}>Delete</Button>}
        </div>
      </header>
      {isPending ? (
        <div className="p-4"><Spinner /></div>
      ) : error ? (
        <ErrorCard className="m-4" error={error} />
      ) : (
        <div className="min-h-0 flex-1 overflow-auto bg-s1">
          {data.parameters.length > 0 && (
            <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-0.5 border-b border-line bg-s0 px-4 py-2 text-[12px]">
              {data.parameters.map((one) => [<dt key={one.name} className="font-mono text-muted">{one.name}</dt>, <dd key={`${one.name}=`} className="min-w-0 truncate font-mono">{JSON.stringify(one.value)}</dd>])}
            </dl>
          )}
          <pre className="p-4 font-mono text-code" tabIndex={0} aria-label={`Code of ${template.name}`}>{data.content}</pre>
        </div>
      )}
    </article>
  );
}
