import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Code2, Plus } from "lucide-react";
import { api, segment } from "../../api/client";
import { Button } from "../../ui/Button";
import { Menu } from "../../ui/Menu";
import { toastError } from "../../ui/toasts";
import { templatesQuery } from "../editor/queries";
import { suggest, type ChartConfig } from "./model";
import { useChartChanges } from "./queries";

interface Props {
  pipeline: string;
  block: string;
  columns: readonly { name: string; type: string; distinct: number | null }[];
  primary?: boolean;
}

/** Adds a chart with one press; by code, from a template, with two. */
export function AddChart({ pipeline, block, columns, primary = false }: Props) {
  const { create } = useChartChanges(pipeline);
  const templates = useQuery(templatesQuery);
  const byCode = (templates.data ?? []).filter((one) => one.block_type === "chart" && one.ready !== false);
  const add = () => create.mutate({ block, configuration: suggest(columns) });
  const addByCode = (id: string) =>
    void api
      .get<{ name: string; content: string; configuration?: ChartConfig }>(`/templates/${segment(id)}`)
      .then(({ content, configuration }) => create.mutate({ block, configuration: configuration ?? {}, content }), toastError);
  const look = primary ? "primary" : "normal";
  return (
    <span className="inline-flex self-start">
      <Button look={look} className={byCode.length > 0 ? "!rounded-r-none" : undefined} icon={<Plus size={14} aria-hidden="true" />} busy={create.isPending} onClick={add}>Add a chart</Button>
      {byCode.length > 0 && (
        <Menu align="end" items={[{ heading: "By code" }, ...byCode.map((one) => ({ label: one.name, hint: one.description, icon: <Code2 size={13} aria-hidden="true" />, onSelect: () => addByCode(one.id) }))]}>
          <Button look={look} aria-label="Add a chart by code" className="!rounded-l-none !border-l-0 !px-1"><ChevronDown size={14} aria-hidden="true" /></Button>
        </Menu>
      )}
    </span>
  );
}
