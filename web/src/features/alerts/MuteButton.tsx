import { Bell, BellOff } from "lucide-react";
import { dateTime } from "../../app/format";
import { usePreferences } from "../../app/preferences";
import { Button } from "../../ui/Button";
import { Menu } from "../../ui/Menu";
import { LENGTHS, muteOf, useMute, useMutes } from "./mutes";

/** Says that somebody knows of a failure: nobody is told of it, and Home sets it aside, until a time. */
export function MuteButton({ pipeline, block }: { pipeline: string; block: string | null }) {
  const { data } = useMutes();
  const mute = useMute();
  const zone = usePreferences((held) => held.zone);
  const held = muteOf(data?.mutes, pipeline, block);
  if (held) {
    const whole = held.block === "" && block !== null;
    return (
      <Button icon={<Bell size={13} aria-hidden="true" />} busy={mute.isPending} title={`${whole ? "All of the pipeline is muted" : "Muted"} until ${dateTime(held.until, zone)}`} onClick={() => mute.mutate({ ...held, until: null })}>
        Muted: tell again
      </Button>
    );
  }
  return (
    <Menu
      items={[
        { heading: block ? `No alerts about ${block}, and set aside on Home` : "No alerts about this pipeline, and set aside on Home" },
        ...LENGTHS.map(({ label, until }) => ({ label, onSelect: () => mute.mutate({ pipeline, block: block ?? "", until: Math.round(until(new Date())) }) })),
      ]}
    >
      <Button icon={<BellOff size={13} aria-hidden="true" />} busy={mute.isPending}>Mute</Button>
    </Menu>
  );
}
