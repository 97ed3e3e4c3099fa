import { useQuery } from "@tanstack/react-query";
import { projectQuery } from "../../api/queryClient";
import { setPreference, usePreferences, type Theme, type Zone } from "../../app/preferences";
import { Select } from "../../ui/fields";
import { About } from "./About";
import { Access } from "./Access";
import { Heading, Line } from "./Line";
import { Processes } from "./Processes";
import { ProjectSettings } from "./ProjectSettings";
import { useSettings } from "./queries";

const SIZES = [11, 12, 12.5, 13, 14, 16, 18];

/** This browser, the project's settings, and what the server found of its surroundings. */
export function SettingsPage() {
  const project = useQuery(projectQuery);
  const settings = useSettings();
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto flex max-w-3xl flex-col gap-8 p-4 sm:p-6">
        <h1 className="text-[18px] font-semibold">Settings</h1>
        <Browser />
        <ProjectSettings />
        {/* Not before what stands above them is there: nothing moves under the pointer. */}
        {!settings.isPending && <Processes />}
        {!settings.isPending && <Access />}
        {!settings.isPending && project.data && <About project={project.data} environment={settings.data?.environment ?? []} />}
      </div>
    </div>
  );
}

function Browser() {
  const { theme, zone, fontSize } = usePreferences();
  return (
    <section>
      <Heading title="This browser" note="Kept here, not in the project." />
      <div className="divide-y divide-line rounded-card border border-line">
        <Line title="Theme">
          <Select aria-label="Theme" value={theme} onChange={(event) => setPreference("theme", event.target.value as Theme)}>
            <option value="system">As the system</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </Select>
        </Line>
        <Line title="Times" description="Of runs, versions, logs and of times with a zone in tables.">
          <Select aria-label="Times" value={zone} onChange={(event) => setPreference("zone", event.target.value as Zone)}>
            <option value="local">Local time</option>
            <option value="utc">UTC</option>
          </Select>
        </Line>
        <Line title="Size of code" description="In editors.">
          <Select aria-label="Size of code" value={fontSize} onChange={(event) => setPreference("fontSize", Number(event.target.value))}>
            {SIZES.map((size) => <option key={size} value={size}>{size} px</option>)}
          </Select>
        </Line>
      </div>
    </section>
  );
}
