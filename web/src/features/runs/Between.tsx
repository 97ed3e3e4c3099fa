import { useState } from "react";
import { usePreferences } from "../../app/preferences";
import { INCOMPLETE, MomentInput } from "../../ui/MomentInput";
import { addressOf, fieldOf } from "./filters";

interface Stretch {
  from?: string;
  to?: string;
}

/** From when to when, on the clock that the reader has chosen. */
export function Between({ from, to, onChange }: Stretch & { onChange: (changes: Stretch) => void }) {
  const turned = Boolean(from && to && Date.parse(from) > Date.parse(to));
  return (
    <>
      <End label="From" value={from} wrong={turned} onChange={(moment) => onChange({ from: moment })} />
      <End label="To" value={to} wrong={turned} onChange={(moment) => onChange({ to: moment })} />
      {turned && <span role="alert" className="text-[12px] text-failed">It ends before it begins.</span>}
    </>
  );
}

/** One end. What is no moment yet counts for nothing: the address keeps the one before until it is one, or empty. */
function End({ label, value, wrong, onChange }: { label: string; value: string | undefined; wrong: boolean; onChange: (value: string) => void }) {
  const zone = usePreferences((held) => held.zone);
  const [whole, setWhole] = useState(true);
  const told = (text: string) => {
    const moment = text === INCOMPLETE || /^0/.test(text) ? "" : addressOf(text, zone);
    setWhole(text === "" || moment !== "");
    if (text === "" || moment) onChange(moment);
  };
  return <MomentInput aria-label={zone === "utc" ? `${label} (UTC)` : label} title={zone === "utc" ? "In UTC" : "In local time"} className="!w-48" aria-invalid={wrong || !whole} value={fieldOf(value, zone)} onChange={told} />;
}
