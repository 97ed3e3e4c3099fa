import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { BlockDetail } from "../../../api/types";
import { Button } from "../../../ui/Button";
import { Field, Input } from "../../../ui/fields";
import { toast, toastError } from "../../../ui/toasts";
import { requests, templatesQuery } from "../queries";
import { useSession } from "../session/context";

/** Keeps the code of a block as a template of the project, to begin other blocks with. */
export function SaveTemplate({ block }: { block: BlockDetail }) {
  const session = useSession();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [busy, setBusy] = useState(false);
  const save = () => {
    setBusy(true);
    session.documents
      .saveNow(block.uuid)
      .then(() => requests.saveTemplate({ name, description, pipeline: session.pipeline, block: block.uuid }))
      .then(() => {
        setName("");
        setDescription("");
        toast(`Kept as template “${name}”: it is in the menu that adds blocks.`);
        return client.invalidateQueries({ queryKey: templatesQuery.queryKey });
      }, toastError)
      .finally(() => setBusy(false));
  };
  return (
    <details className="rounded-card border border-line">
      <summary className="cursor-pointer px-3 py-1.5 font-medium">Make a template of it</summary>
      <div className="flex flex-col gap-2 border-t border-line p-3">
        <Field label="Name">{(id) => <Input id={id} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <Field label="What it is for" hint="The menu that adds blocks is searched by this, too.">
          {(id) => <Input id={id} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        <Button className="self-start" busy={busy} disabled={name.trim() === ""} onClick={save}>Save the template</Button>
      </div>
    </details>
  );
}
