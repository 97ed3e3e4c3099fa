import { useState, type FormEvent } from "react";
import type { PipelineSummary } from "../../api/types";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Field, Input, TextArea } from "../../ui/fields";
import { useChangePipeline, useCreatePipeline } from "./queries";

export type Editing = { what: "rename" | "clone" | "move" | "describe" | "template"; pipeline: PipelineSummary };

const WORDS = {
  rename: { title: "Rename", button: "Rename", label: "New name", hint: "Its folder is renamed with it; outputs and runs stay." },
  clone: { title: "Clone", button: "Clone", label: "Name of the copy", hint: "The copy shares the block files of the original." },
  template: { title: "Make a template of", button: "Keep", label: "Name of the template", hint: "Its blocks and settings are kept with the project, to begin other pipelines with." },
  move: { title: "Move", button: "Move", label: "Folder", hint: "Such as sales/daily; empty moves it to the top." },
};

/** Dialogs of one field each that change a pipeline from the list. */
export function EditDialog({ editing, onClose }: { editing: Editing; onClose: () => void }) {
  if (editing.what === "describe") return <Describe pipeline={editing.pipeline} onClose={onClose} />;
  return <OneField editing={editing} what={editing.what} onClose={onClose} />;
}

function OneField({ editing: { pipeline }, what, onClose }: { editing: Editing; what: keyof typeof WORDS; onClose: () => void }) {
  const words = WORDS[what];
  const { rename, move, keep } = useChangePipeline();
  const create = useCreatePipeline();
  const [text, setText] = useState(what === "move" ? pipeline.uuid.split("/").slice(0, -1).join("/") : what === "clone" ? `${pipeline.name}_copy` : pipeline.name);
  const busy = rename.isPending || move.isPending || keep.isPending || create.isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const options = { onSuccess: onClose };
    if (what === "rename") rename.mutate({ uuid: pipeline.uuid, name: text }, options);
    else if (what === "move") move.mutate({ uuid: pipeline.uuid, folder: text }, options);
    else if (what === "template") keep.mutate({ name: text, pipeline: pipeline.uuid, description: pipeline.description }, options);
    else create.mutate({ name: text, clone_of: pipeline.uuid }, options);
  };
  return (
    <Dialog open onOpenChange={onClose} title={`${words.title} ${pipeline.name}`}>
      <form onSubmit={submit} className="flex flex-col gap-3">
        <Field label={words.label} hint={words.hint}>{(id) => <Input id={id} autoFocus value={text} onChange={(event) => setText(event.target.value)} onFocus={(event) => event.target.select()} />}</Field>
        <div className="flex justify-end"><Button type="submit" look="primary" busy={busy} disabled={what !== "move" && !text.trim()}>{words.button}</Button></div>
      </form>
    </Dialog>
  );
}

function Describe({ pipeline, onClose }: { pipeline: PipelineSummary; onClose: () => void }) {
  const { change } = useChangePipeline();
  const [description, setDescription] = useState(pipeline.description);
  const [tags, setTags] = useState(pipeline.tags.join(", "));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const list = tags.split(",").map((tag) => tag.trim()).filter(Boolean);
    change.mutate({ uuid: pipeline.uuid, changes: { description, tags: [...new Set(list)] } }, { onSuccess: onClose });
  };
  return (
    <Dialog open onOpenChange={onClose} title={`About ${pipeline.name}`}>
      <form onSubmit={submit} className="flex flex-col gap-3">
        <Field label="Description">{(id) => <TextArea id={id} autoFocus rows={3} value={description} onChange={(event) => setDescription(event.target.value)} />}</Field>
        <Field label="Tags" hint="With commas between them.">{(id) => <Input id={id} value={tags} onChange={(event) => setTags(event.target.value)} />}</Field>
        <div className="flex justify-end"><Button type="submit" look="primary" busy={change.isPending}>Save</Button></div>
      </form>
    </Dialog>
  );
}
