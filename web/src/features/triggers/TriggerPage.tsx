import { getRouteApi, Link, useBlocker, useNavigate } from "@tanstack/react-router";
import { ChevronLeft, CircleHelp, MoreHorizontal, Play } from "lucide-react";
import { useMemo, useState, type ReactNode } from "react";
import { ApiError } from "../../api/client";
import type { TriggerDetail } from "../../api/orchestration";
import { useCommands } from "../../app/commands";
import { ago, capital, dateTime, seconds } from "../../app/format";
import { useZone } from "../../app/preferences";
import { Button, IconButton } from "../../ui/Button";
import { ErrorCard, Spinner } from "../../ui/feedback";
import { Switch } from "../../ui/fields";
import { Menu } from "../../ui/Menu";
import { StatusBadge } from "../../ui/status";
import { toast } from "../../ui/toasts";
import { Calling, TokenDialog } from "./Calling";
import { bodyOf, changesOf, draftOf, emptyDraft, newProblems, problemsOf, type Draft } from "./draft";
import { mergedDraft, type Merged } from "./merging";
import { NextRuns } from "./NextRuns";
import { useChangeTriggers, useExplained, useTrigger } from "./queries";
import { Refused } from "./FormParts";
import { TriggerForm } from "./TriggerForm";

const created = getRouteApi("/triggers/new");
const edited = getRouteApi("/triggers/$trigger");

/** A trigger that is not there yet. */
export function NewTriggerPage() {
  const { pipeline } = created.useSearch();
  const navigate = useNavigate();
  const { create } = useChangeTriggers();
  const [start] = useState(() => emptyDraft(pipeline ?? "", Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC"));
  const [draft, setDraft] = useState<Draft>(start);
  const [tried, setTried] = useState(false);
  const [made, setMade] = useState<{ token: string; trigger: TriggerDetail } | null>(null);
  useBlocker({ shouldBlockFn: () => !window.confirm("Leave the new trigger? It has not been made."), disabled: draft === start || create.isPending || create.isSuccess, enableBeforeUnload: draft !== start && !create.isSuccess });
  const open = (trigger: TriggerDetail) => void navigate({ to: "/triggers/$trigger", params: { trigger: String(trigger.id) }, replace: true });
  const save = () => {
    setTried(true);
    if (Object.keys(problemsOf(draft)).length > 0) return showProblem();
    create.mutate(bodyOf(draft), {
      onSuccess: (trigger) => {
        toast(`Made ${trigger.name}.`, { seconds: 3 });
        if (trigger.token) setMade({ token: trigger.token, trigger });
        else open(trigger);
      },
    });
  };
  useSaving(save);
  return (
    <Frame
      title="New trigger"
      back={pipeline}
      actions={<Button look="primary" busy={create.isPending} onClick={save}>Make the trigger</Button>}
      form={<>{create.error && <Refused error={create.error} />}<TriggerForm draft={draft} fixed={false} tried={tried} onChange={(changes) => setDraft((held) => ({ ...held, ...changes }))} /></>}
      side={<NextRuns body={bodyOf(draft)} zone={draft.zone} problem={scheduleProblem(draft)} />}
    >
      {made && <TokenDialog token={made.token} trigger={made.trigger} onClose={() => open(made.trigger)} />}
    </Frame>
  );
}

/** A trigger as it is: when it starts, what it has started, and every setting to be changed. */
export function TriggerPage() {
  const id = Number(edited.useParams().trigger);
  const { data, error, isPending } = useTrigger(id);
  if (isPending) return <div className="p-6"><Spinner label="Reading the trigger" /></div>;
  if (error) return <ErrorCard className="m-6" error={error} action={<Link to="/triggers" className="text-accent underline">All triggers</Link>} />;
  return <Edit key={id} trigger={data} />;
}

function Edit({ trigger }: { trigger: TriggerDetail }) {
  const navigate = useNavigate();
  const { change, activate, run, remove } = useChangeTriggers();
  const [held, setHeld] = useState(() => ({ revision: trigger.revision, draft: draftOf(trigger) }));
  const [draft, setDraft] = useState(held.draft);
  const [token, setToken] = useState("");
  const changes = useMemo(() => changesOf(bodyOf(held.draft), bodyOf(draft)), [held, draft]);
  const dirty = changes !== null;
  const reset = (now: TriggerDetail) => {
    // Why something was not saved is of no concern when it is not wanted any more.
    change.reset();
    const next = draftOf(now);
    setHeld({ revision: now.revision, draft: next });
    setDraft(next);
  };
  // What somebody else changed shows at once; what is being typed stays.
  const merged = trigger.revision !== held.revision && !change.isPending ? mergedDraft(held.draft, draft, draftOf(trigger)) : null;
  const goOn = (found: Merged) => {
    setHeld({ revision: trigger.revision, draft: draftOf(trigger) });
    setDraft(found.draft);
  };
  if (merged && merged.both.length === 0) goOn(merged);
  useBlocker({ shouldBlockFn: () => !window.confirm("Leave without saving what you changed?"), disabled: !dirty || remove.isPending || remove.isSuccess, enableBeforeUnload: dirty });
  const save = () => {
    if (!changes) return;
    const sent = draft;
    const saved = (now: TriggerDetail) => {
      // What was typed while it was on its way stays.
      const next = draftOf(now);
      setHeld({ revision: now.revision, draft: next });
      setDraft((typed) => mergedDraft(sent, typed, next).draft);
      toast("Saved.", { seconds: 2 });
    };
    if (Object.keys(newProblems(held.draft, draft)).length > 0) return showProblem();
    change.mutate({ id: trigger.id, revision: held.revision, changes }, { onSuccess: saved });
  };
  useSaving(save);
  const conflict = change.error instanceof ApiError && change.error.status === 409;
  const clash = merged && merged.both.length > 0 ? merged : null;
  const runNow = () => run.mutate({ id: trigger.id, name: trigger.name });
  const toggle = (active: boolean) => activate.mutate({ id: trigger.id, active });
  useCommands([
    { id: "trigger.run", title: "Run this trigger now", group: "Trigger", keys: ["Mod+Enter"], run: runNow },
    { id: "trigger.switch", title: trigger.active ? "Turn this trigger off" : "Turn this trigger on", group: "Trigger", run: () => toggle(!trigger.active) },
  ]);
  return (
    <Frame
      title={trigger.name}
      back={undefined}
      of={trigger.pipeline}
      actions={
        <>
          <span className="inline-flex items-center gap-2"><Switch checked={trigger.active} onChange={toggle} label="The trigger is on" /><span aria-hidden="true" className="w-5">{trigger.active ? "On" : "Off"}</span></span>
          <Button icon={<Play size={13} fill="currentColor" aria-hidden="true" />} busy={run.isPending} onClick={runNow}>Run now</Button>
          <Button look="primary" disabled={!dirty} busy={change.isPending} onClick={save}>Save</Button>
          <Menu
            align="end"
            items={[
              { label: "Discard what I changed", disabled: !dirty, onSelect: () => reset(trigger) },
              { label: "Its runs", onSelect: () => void navigate({ to: "/runs", search: { trigger: String(trigger.id) } }) },
              { separator: true },
              { label: "Delete", danger: true, onSelect: () => remove.mutate({ id: trigger.id, name: trigger.name }, { onSuccess: () => void navigate({ to: "/triggers", ignoreBlocker: true }) }) },
            ]}
          >
            <IconButton label="More about this trigger"><MoreHorizontal size={15} aria-hidden="true" /></IconButton>
          </Menu>
        </>
      }
      form={
        <>
          {trigger.problem && <ErrorCard error={new Error(trigger.problem)} />}
          {clash && <Clash what={clash.both} onKeep={() => { change.reset(); goOn(clash); }} onDrop={() => reset(trigger)} />}
          {change.error && !clash && (conflict && change.variables?.revision !== held.revision ? dirty && <p role="status" className="rounded-card border border-line bg-s1 p-3">Somebody else has changed this trigger too. What both have changed is in the form now: save it again.</p> : <Refused error={change.error} />)}
          <TriggerForm draft={draft} fixed tried onChange={(changed) => setDraft((now) => ({ ...now, ...changed }))} />
        </>
      }
      side={
        <>
          <Explained id={trigger.id} />
          {(draft.kind === "time" || dirty) && <NextRuns body={bodyOf(draft)} zone={draft.zone} problem={scheduleProblem(draft)} />}
          {(trigger.kind === "api" || trigger.kind === "event") && <Calling trigger={trigger} onToken={setToken} />}
          <LastRuns trigger={trigger} />
        </>
      }
    >
      {token && <TokenDialog token={token} trigger={trigger} onClose={() => setToken("")} />}
    </Frame>
  );
}

/** Somebody else has changed what is being typed: nothing is lost before it is said which of the two is to count. */
function Clash({ what, onKeep, onDrop }: { what: string[]; onKeep: () => void; onDrop: () => void }) {
  return (
    <div role="alert" className="rounded-card border border-line-strong bg-s1 p-3">
      <p className="font-medium">Somebody else has changed what you are changing: {what.join(", ")}.</p>
      <p className="mt-2 flex gap-2"><Button onClick={onKeep}>Keep what I typed</Button><Button onClick={onDrop}>Show what it is now</Button></p>
    </div>
  );
}

/** Why it starts nothing, or what it waits for. */
function Explained({ id }: { id: number }) {
  const { data } = useExplained(`/triggers/${id}`);
  if (!data?.text) return null;
  return (
    <section aria-label="What it waits for" className="rounded-card border border-line bg-s1 p-3">
      <p className="flex gap-2"><CircleHelp size={15} aria-hidden="true" className="mt-px flex-none text-muted" /><span>{capital(data.text)}</span></p>
      {data.details.map((one, index) => (
        <p key={index} className="mt-1 pl-6 text-[12px] text-muted">{one.text !== data.text && capital(one.text)}{one.change && <> <b className="font-medium text-fg">{one.change}</b></>}</p>
      ))}
    </section>
  );
}

function LastRuns({ trigger }: { trigger: TriggerDetail }) {
  const zone = useZone();
  return (
    <section aria-label="Last runs" className="flex flex-col gap-2">
      <div className="flex items-baseline justify-between"><h2 className="text-[14px] font-semibold">Last runs</h2>{trigger.runs.length > 0 && <Link to="/runs" search={{ trigger: String(trigger.id) }} className="text-accent hover:underline">All</Link>}</div>
      {trigger.runs.length === 0 ? <p className="text-muted">It has started none yet.</p> : (
        <ul className="overflow-hidden rounded-card border border-line">
          {[...trigger.runs].reverse().map((one) => (
            <li key={one.run} className="border-b border-s2 last:border-b-0">
              <Link to="/runs/$run" params={{ run: one.run }} className="flex gap-3 px-3 py-1 hover:bg-s1">
                <span className="w-24"><StatusBadge state={one.state} plain /></span>
                <span className="flex-1 text-muted" title={dateTime(one.started, zone)}>{ago(one.started)}</span>
                <span className="tabular text-muted">{one.seconds === null ? "" : seconds(one.seconds)}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What keeps the form from saying when it starts. */
function scheduleProblem(draft: Draft): string {
  const { said, start } = problemsOf(draft);
  return said ?? start ?? "";
}

/** Goes to the first field that is marked, once the marks are drawn. */
function showProblem(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>('[aria-label="The trigger"] [aria-invalid="true"]')?.focus());
}

function Frame({ title, of, back, actions, form, side, children }: { title: string; of?: string; back: string | undefined; actions: ReactNode; form: ReactNode; side: ReactNode; children?: ReactNode }) {
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-none flex-wrap items-center gap-x-3 gap-y-2 border-b border-line px-4 py-2">
        <Link to="/triggers" search={back ? { pipeline: back } : {}} aria-label="All triggers" className="text-muted hover:text-fg"><ChevronLeft size={16} aria-hidden="true" /></Link>
        <h1 className="min-w-0 truncate text-title font-semibold">{title}</h1>
        {of && <Link to="/pipelines/$pipeline" params={{ pipeline: of }} className="min-w-0 truncate text-accent hover:underline">{of}</Link>}
        <span className="ml-auto flex items-center gap-2">{actions}</span>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto flex max-w-6xl flex-col gap-8 p-4 sm:p-6 lg:flex-row">
          <div role="group" aria-label="The trigger" className="flex min-w-0 flex-1 flex-col gap-4">{form}</div>
          <aside aria-label="About when it runs" className="flex w-full flex-none flex-col gap-6 lg:sticky lg:top-0 lg:w-80 lg:self-start">{side}</aside>
        </div>
      </div>
      {children}
    </div>
  );
}

function useSaving(save: () => void): void {
  useCommands([{ id: "trigger.save", title: "Save the trigger", group: "Trigger", keys: ["Mod+S"], inText: true, run: save }]);
}
