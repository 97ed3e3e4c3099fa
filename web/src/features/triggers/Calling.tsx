import { Copy, KeyRound } from "lucide-react";
import { useState } from "react";
import type { TriggerDetail } from "../../api/orchestration";
import { Button, IconButton } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { toast } from "../../ui/toasts";
import { useChangeTriggers } from "./queries";

/** How a trigger is called: its address, a line to try it with, and a new token when the old one is lost. */
export function Calling({ trigger, onToken }: { trigger: TriggerDetail; onToken: (token: string) => void }) {
  const { renew } = useChangeTriggers();
  const [asking, setAsking] = useState(false);
  const event = trigger.kind === "event";
  const make = () => {
    setAsking(false);
    renew.mutate(trigger.id, { onSuccess: ({ token }) => onToken(token) });
  };
  return (
    <section aria-label={event ? "Sending events" : "Calling it"} className="flex flex-col gap-2">
      <h2 className="text-[14px] font-semibold">{event ? "Sending events" : "Calling it"}</h2>
      {trigger.url && <Copied label="Address" text={trigger.url} />}
      {trigger.curl && <Copied label="From a terminal" text={trigger.curl} />}
      <p className="text-[12px] text-muted">{trigger.token_set ? "Its token was shown when it was made; only its hash is kept." : event ? "It has no token yet: only senders that are logged in are heard. One who shows its token can start this trigger and no other." : "It has no token yet, so that nobody can call it."}</p>
      <div><Button icon={<KeyRound size={13} aria-hidden="true" />} busy={renew.isPending} onClick={() => (trigger.token_set ? setAsking(true) : make())}>Make {trigger.token_set ? "another" : "a"} token</Button></div>
      {asking && (
        <Dialog open onOpenChange={setAsking} title="Make another token?" footer={<><Button onClick={() => setAsking(false)}>Keep the old one</Button><Button look="primary" onClick={make}>Make another</Button></>}>
          <p>Whoever calls it with the token of now is refused from then on.</p>
        </Dialog>
      )}
    </section>
  );
}

/** The token of a trigger, the one time that it is there to be seen. */
export function TokenDialog({ token, trigger, onClose }: { token: string; trigger: TriggerDetail; onClose: () => void }) {
  return (
    <Dialog open onOpenChange={onClose} title={`The token of ${trigger.name}`} description="Copy it now: it is shown this once. Only its hash is kept." wide footer={<Button look="primary" onClick={onClose}>I have it</Button>}>
      <div className="flex flex-col gap-3">
        <Copied label="Token" text={token} />
        {trigger.curl && <Copied label="From a terminal" text={withToken(trigger.curl, token)} />}
      </div>
    </Dialog>
  );
}

/** The line for a terminal holds a stand-in where the token belongs. */
export function withToken(curl: string, token: string): string {
  return curl.replace(/<token>|\$TOKEN|\{token\}|TOKEN\b/g, () => token);
}

export function Copied({ label, text }: { label: string; text: string }) {
  return (
    <div>
      <div className="mb-0.5 flex items-center justify-between text-[12px] text-muted">
        {label}
        <IconButton label={`Copy: ${label.toLowerCase()}`} onClick={() => void navigator.clipboard.writeText(text).then(() => toast("Copied.", { seconds: 2 }))}><Copy size={13} aria-hidden="true" /></IconButton>
      </div>
      <pre data-wide tabIndex={0} aria-label={label} className="overflow-x-auto whitespace-pre-wrap break-all rounded-control border border-line bg-s1 px-2 py-1.5 font-mono text-code">{text}</pre>
    </div>
  );
}
