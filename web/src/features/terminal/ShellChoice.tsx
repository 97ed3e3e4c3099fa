import { Select } from "../../ui/fields";
import { useShells } from "./queries";

/** Which shell the terminal runs: choosing another one ends the one that is open. */
export function ShellChoice({ value, onChange }: { value: string; onChange: (shell: string) => void }) {
  const shells = useShells();
  if (shells.length < 2) return null;
  return (
    <Select aria-label="Shell; another one ends this one" title="Choosing another shell ends this one" value={value || shells[0]} onChange={(event) => onChange(event.target.value)} className="!h-5 text-[12px]">
      {shells.map((shell) => <option key={shell} value={shell}>{shell.split("/").at(-1)}</option>)}
    </Select>
  );
}
