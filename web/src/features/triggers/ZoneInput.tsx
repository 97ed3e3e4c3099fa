import { useId } from "react";
import { Input } from "../../ui/fields";

const ZONES: readonly string[] = ["UTC", ...(typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC") : [])];

/** A time zone, found among those that the browser knows by typing a part of it. */
export function ZoneInput({ id, value, onChange }: { id: string; value: string; onChange: (zone: string) => void }) {
  const zones = useId();
  return (
    <>
      <Input id={id} list={zones} className="!w-52" value={value} spellCheck={false} onChange={(event) => onChange(event.target.value)} />
      <datalist id={zones}>{ZONES.map((zone) => <option key={zone} value={zone} />)}</datalist>
    </>
  );
}
