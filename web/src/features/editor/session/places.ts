import { everyText, homeOf } from "./addOns";
import type { Navigation } from "./selection";
import type { EditorSession } from "./session";

/** Goes to a line of a file: in its block here when it is one of this pipeline, else in the files. */
export function openPlace(session: EditorSession, navigation: Navigation, file: string, line: number): void {
  const detail = session.detail;
  const root = file.startsWith("/") ? file : `/${file}`;
  const block = detail && everyText(detail).find((one) => one.file && (one.file === file || root.endsWith(`/${one.file}`)));
  const card = block && (detail.blocks.includes(block) ? block.uuid : homeOf(block, detail.blocks));
  if (!block || !card) {
    const project = session.client.getQueryData<{ root: string }>(["project"])?.root;
    navigation.openFile(project && file.startsWith(`${project}/`) ? file.slice(project.length + 1) : file, line);
    return;
  }
  session.ui.setState(({ collapsed }) => ({
    focus: { block: block.uuid, line, under: card },
    collapsed: new Set([...collapsed].filter((one) => one !== card)),
  }));
  navigation.select(card);
}
