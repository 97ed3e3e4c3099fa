import { expect, it } from "vitest";
import { interpolated, rendered } from "./markdown";

const variables = [
  { name: "limit", value: 3, type: "number" },
  { name: "cities", value: ["a"], type: "list" },
];

it("puts in variables of the pipeline and leaves other names as they are", () => {
  expect(interpolated("{{ limit }} {{variables('limit')}} {{ cities }} {{ other }}", variables)).toBe('3 3 ["a"] {{ other }}');
});

it("renders markdown, and nothing that could act", () => {
  const html = rendered("# Late\n\n<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) <b style='position:fixed'>b</b>", []);
  expect(html).toContain("<h1>Late</h1>");
  for (const bad of ["script", "onerror", "javascript:", "style"]) expect(html).not.toContain(bad);
});
