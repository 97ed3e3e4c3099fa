import { Dialog } from "../ui/Dialog";
import { Kbd } from "../ui/Kbd";
import { allCommands, byGroup } from "./commands";

/** Every key of the page that is open. */
export function KeyMap({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  if (!open) return null;
  const groups = byGroup(allCommands().filter(({ keys }) => keys?.length));
  return (
    <Dialog open onOpenChange={onOpenChange} title="Keys" wide>
      <div className="columns-1 gap-8 md:columns-2">
        {groups.map(([group, commands]) => (
          <section key={group} className="mb-4 break-inside-avoid">
            <h3 className="mb-1 text-meta font-semibold text-muted">{group}</h3>
            <ul>
              {commands.map(({ title, keys }) => (
                <li key={title} className="flex justify-between gap-4 py-0.5">
                  <span>{title}</span>
                  <span className="flex gap-2">{keys?.map((one) => <Kbd key={one} keys={one} />)}</span>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
