import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Button } from "../../../ui/Button";
import { ErrorCard, Spinner } from "../../../ui/feedback";
import { toast, toastError } from "../../../ui/toasts";
import { kindOf, languageOf } from "../notebook/kinds";
import { requests, templateQuery, templatesQuery } from "../queries";
import { useSession } from "../session/context";
import { useNavigation } from "../session/selection";
import type { Choice } from "./choices";

/** How long a choice has to stand before its code is fetched: keys run through the list faster. */
const REST_MS = 120;

/** What a choice would bring: its code, and for templates of the project the ways to change it. */
export function Preview({ choice }: { choice: Choice }) {
  const [id, setId] = useState<string>();
  const wanted = choice.block.template;
  useEffect(() => {
    const timer = setTimeout(() => setId(wanted), REST_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  return (
    <div className="hidden w-[420px] flex-none flex-col overflow-hidden border-l border-line bg-s1 md:flex">
      <div className="border-b border-line px-3 py-2">
        <p className="font-medium">{choice.title}</p>
        <p className="text-meta text-muted">{kindOf(choice.type).word} · {languageOf(choice.language).word}</p>
        {choice.needs && <p className="mt-1 text-[12px] text-stale">It needs {choice.needs}.</p>}
      </div>
      {wanted ? wanted === id && <TemplateCode id={wanted} /> : <p className="p-3 text-muted">{choice.block.file ? `The file ${choice.block.file} is shared: an edit changes it for every pipeline that uses it. Detach it to have your own.` : "Begins with the least code that runs."}</p>}
    </div>
  );
}

function TemplateCode({ id }: { id: string }) {
  const session = useSession();
  const client = useQueryClient();
  const { openFile } = useNavigation();
  const { data, error, isPending } = useQuery(templateQuery(id));
  if (isPending) return <div className="p-3"><Spinner /></div>;
  if (error) return <ErrorCard className="m-3" error={error} />;
  const remove = async () => {
    try {
      const gone = await requests.deleteTemplate(id);
      const again = () => client.invalidateQueries({ queryKey: templatesQuery.queryKey, exact: true });
      await again();
      toast(`Deleted the template ${data.name}.`, { action: { label: "Undo", run: () => void requests.undo(gone.undo).then(again, toastError) } });
    } catch (reason) {
      toastError(reason);
    }
  };
  return (
    <>
      {data.source === "project" && (
        <div className="flex gap-1.5 border-b border-line px-3 py-1.5">
          {data.file && (
            <Button
              onClick={() => {
                session.ui.setState({ adding: null });
                openFile(data.file as string);
              }}
            >
              Edit its code
            </Button>
          )}
          <Button look="danger" onClick={() => void remove()}>Delete</Button>
        </div>
      )}
      <pre className="min-h-0 flex-1 overflow-auto p-3 font-mono text-[11.5px] leading-[16px]" tabIndex={0} aria-label={`Code of ${data.name}`}>{data.content}</pre>
    </>
  );
}
