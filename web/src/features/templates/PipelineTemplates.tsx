import { Plus, Trash2 } from "lucide-react";
import { Button } from "../../ui/Button";
import { EmptyState, ErrorCard, Spinner } from "../../ui/feedback";
import { Badge } from "../../ui/status";
import { useCreatePipeline } from "../pipelines/queries";
import { usePipelineTemplates, useTemplateChanges } from "./queries";

/** Whole pipelines to begin with; one of the project is kept from the menu of a pipeline. */
export function PipelineTemplates() {
  const { data, error, isPending } = usePipelineTemplates();
  const create = useCreatePipeline();
  const { removePipeline } = useTemplateChanges();
  if (error) return <ErrorCard className="m-6" error={error} />;
  if (isPending) return <div className="p-6"><Spinner label="Reading the templates" /></div>;
  if (data.templates.length === 0) return <EmptyState title="No pipeline template yet">Keep a pipeline as a template from its settings, and it is offered here.</EmptyState>;
  return (
    <ul className="grid grid-cols-[repeat(auto-fill,minmax(300px,1fr))] gap-4 p-4">
      {data.templates.map((one) => (
        <li key={one.id} className="flex flex-col gap-2 rounded-card border border-line p-4">
          <h2 className="flex items-center gap-2 font-semibold">{one.name} {one.source === "project" && <Badge tone="ok">of this project</Badge>}</h2>
          <p className="flex-1 text-muted">{one.description}</p>
          <p className="truncate text-[12px] text-muted" title={one.blocks.join(" → ")}>{one.blocks.join(" → ")}</p>
          <span className="flex gap-2">
            <Button icon={<Plus size={13} aria-hidden="true" />} busy={create.isPending} onClick={() => create.mutate({ template: one.id })}>New pipeline from it</Button>
            {one.source === "project" && <Button look="danger" icon={<Trash2 size={13} aria-hidden="true" />} onClick={() => removePipeline.mutate({ id: one.id, name: one.name })}>Delete</Button>}
          </span>
        </li>
      ))}
    </ul>
  );
}
