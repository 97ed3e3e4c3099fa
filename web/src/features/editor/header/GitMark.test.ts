import { expect, it } from "vitest";
import type { BlockDetail, PipelineDetail } from "../../../api/types";
import { ofPipeline } from "./GitMark";

const block = (file: string | null) => ({ uuid: file ?? "none", file }) as BlockDetail;
const detail = { file: "pipelines/p/metadata.yaml", blocks: [block("data_loaders/load.py"), block(null), block("custom/new/one.py")], callbacks: [block("callbacks/tell.py")], conditionals: [] } as unknown as PipelineDetail;

it("names the changed files that a pipeline is made of", () => {
  expect(ofPipeline(detail, [])).toEqual([]);
  expect(ofPipeline(detail, ["data_loaders/load.py", "data_loaders/other.py", "callbacks/tell.py"])).toEqual(["data_loaders/load.py", "callbacks/tell.py"]);
  expect(ofPipeline(detail, ["custom/new/", "pipelines/p/metadata.yaml"])).toEqual(["pipelines/p/metadata.yaml", "custom/new/one.py"]);
  expect(ofPipeline(detail, ["custom/ne/", "pipelines/p"])).toEqual([]);
});
