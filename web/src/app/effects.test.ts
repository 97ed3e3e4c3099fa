import ts from "typescript";
import { expect, it } from "vitest";

const FILES = import.meta.glob<string>("../**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });
const EFFECTS = new Set(["useEffect", "useLayoutEffect", "useInsertionEffect"]);

/** The effects of a file that hand back to React whatever they happen to call. */
function careless(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && EFFECTS.has(node.expression.getText().split(".").at(-1) ?? "")) {
      const [effect] = node.arguments;
      // A cleanup is written as one: a function, its name, or what a block returns.
      if (effect && ts.isArrowFunction(effect) && !ts.isBlock(effect.body) && !ts.isArrowFunction(effect.body) && !ts.isIdentifier(effect.body))
        found.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
    }
    node.forEachChild(visit);
  };
  visit(source);
  return found;
}

it("returns nothing from an effect but its cleanup: what returns nothing today may return a promise tomorrow, as scrollTo does", () => {
  const files = Object.entries(FILES).filter(([file]) => !/\.test\.tsx?$/.test(file));
  expect(files.length).toBeGreaterThan(200);
  // Only those with an effect are parsed: it takes a while.
  expect(files.flatMap(([file, text]) => (text.includes("Effect(") ? careless(file, text) : []))).toEqual([]);
}, 60_000);

it("knows such an effect when it sees one", () => {
  expect(careless("a.tsx", "React.useEffect(() => box.current?.scrollTo(0, 0), [a]);\nuseLayoutEffect(async () => await told());")).toEqual(["a.tsx:1", "a.tsx:2"]);
  expect(careless("a.tsx", "useEffect(() => { box.scrollTo(0, 0); }, []);\nuseEffect(() => () => stop(), []);\nuseEffect(() => flush, [flush]);")).toEqual([]);
});
