import { ChevronDown, FileUp, LayoutTemplate, Plus } from "lucide-react";
import { useRef } from "react";
import { Button } from "../../ui/Button";
import { Menu } from "../../ui/Menu";
import { useCreatePipeline, useImportPipeline, usePipelineTemplates } from "./queries";

/** Makes a pipeline with one press; from a template or an archive with two. */
export function NewPipelineButton() {
  const create = useCreatePipeline();
  const bring = useImportPipeline();
  const picker = useRef<HTMLInputElement>(null);
  const list = usePipelineTemplates();
  return (
    <span className="inline-flex">
      <Button look="primary" className="!rounded-r-none" icon={<Plus size={14} aria-hidden="true" />} busy={create.isPending || bring.isPending} onClick={() => create.mutate({})}>
        New pipeline
      </Button>
      <Menu
        align="end"
        items={[
          ...(list.length > 0 ? [{ heading: "From a template" }] : []),
          ...list.map((template) => ({ label: template.name, hint: template.description, icon: <LayoutTemplate size={13} aria-hidden="true" />, onSelect: () => create.mutate({ template: template.id }) })),
          ...(list.length > 0 ? [{ separator: true as const }] : []),
          { label: "Import a zip archive", icon: <FileUp size={13} aria-hidden="true" />, onSelect: () => picker.current?.click() },
        ]}
      >
        <Button look="primary" aria-label="More ways to make a pipeline" className="!rounded-l-none border-l !border-l-on-accent/30 !px-1">
          <ChevronDown size={14} aria-hidden="true" />
        </Button>
      </Menu>
      <input ref={picker} type="file" accept=".zip,application/zip" hidden onChange={(event) => {
        const file = event.target.files?.[0];
        if (file) bring.mutate(file);
        event.target.value = "";
      }} />
    </span>
  );
}
