import { expect, it } from "vitest";
import { interpolated } from "./markdown";

const variables = [
  { name: "limit", value: 3, type: "number" },
  { name: "cities", value: ["a"], type: "list" },
];

it("puts in variables of the pipeline and leaves other names as they are", () => {
  expect(interpolated("{{ limit }} {{variables('limit')}} {{ cities }} {{ other }}", variables)).toBe('3 3 ["a"] {{ other }}');
});
