import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { allCommands, byGroup, KeyHandler, useCommands, type Command } from "./commands";

let done: string[];
let at = 0;
const command = (id: string, keys: string[], more: Partial<Command> = {}): Command => ({ id, title: id, group: "Test", keys, run: () => void done.push(id), ...more });

/** Presses a key on an element, `wait` milliseconds after the one before. */
function press(handler: KeyHandler, key: string, { on = document.body as HTMLElement, wait = 50, ...held }: KeyboardEventInit & { on?: HTMLElement; wait?: number } = {}): KeyboardEvent {
  at += wait;
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...held });
  Object.defineProperty(event, "timeStamp", { value: at });
  Object.defineProperty(event, "target", { value: on });
  handler.handle(event);
  return event;
}

function element(html: string): HTMLElement {
  document.body.innerHTML = html;
  return document.body.querySelector("[data-here]") as HTMLElement;
}

beforeEach(() => {
  done = [];
});
afterEach(() => {
  cleanup();
  document.body.innerHTML = "";
});

describe("keys", () => {
  const commands = [command("delete", ["D D"]), command("help", ["?"]), command("palette", ["Mod+K"]), command("run", ["Shift+Enter"]), command("open", ["Enter"]), command("leave", ["Escape"], { inText: true })];
  const handler = () => new KeyHandler(() => commands);

  it("run what they stand for, and keep the browser from doing its own", () => {
    const event = press(handler(), "k", { ctrlKey: true });
    expect(done).toEqual(["palette"]);
    expect(event.defaultPrevented).toBe(true);
    expect(press(handler(), "k").defaultPrevented).toBe(false);
  });

  it("follow each other in a sequence, but not after a pause or another key", () => {
    const keys = handler();
    press(keys, "d");
    press(keys, "d", { wait: 2100 });
    expect(done).toEqual([]);
    press(keys, "d");
    expect(done).toEqual(["delete"]);
    press(keys, "d");
    expect(done).toEqual(["delete"]);
    press(keys, "x");
    press(keys, "d");
    expect(done).toEqual(["delete"]);
  });

  it("are known by the character where it is typed with Shift, and by Shift where it is a named key", () => {
    press(handler(), "?", { shiftKey: true });
    press(handler(), "Enter", { shiftKey: true });
    expect(done).toEqual(["help", "run"]);
  });

  it("wait longer for the second of a sequence whose first stands for nothing else", () => {
    const keys = new KeyHandler(() => [command("home", ["G H"]), command("delete", ["D D"]), command("one", ["D"])]);
    press(keys, "g");
    press(keys, "h", { wait: 1900 });
    press(keys, "d");
    press(keys, "d", { wait: 800 });
    expect(done).toEqual(["home", "one", "one"]);
  });

  it("are told of in the key map alone, where what has the focus takes them", () => {
    const keys = new KeyHandler(() => [command("note", ["R"], { note: true })]);
    expect(press(keys, "r").defaultPrevented).toBe(false);
    expect(done).toEqual([]);
    expect(byGroup([command("a", [], { group: "Studio" }), command("b", [], { group: "Runs" }), command("c", [], { group: "Go to" })]).map(([group]) => group)).toEqual(["Runs", "Studio", "Go to"]);
  });

  it("are letters while one types, unless they are held with Ctrl or say otherwise", () => {
    const input = element("<input data-here>");
    const keys = handler();
    press(keys, "d", { on: input });
    press(keys, "d", { on: input });
    press(keys, "?", { on: input });
    expect(done).toEqual([]);
    press(keys, "k", { on: input, ctrlKey: true });
    press(keys, "Escape", { on: input });
    expect(done).toEqual(["palette", "leave"]);
  });

  it("leave Enter to buttons, and everything in dialogs to the dialog", () => {
    press(handler(), "Enter", { on: element("<button data-here></button>") });
    press(handler(), "?", { on: element("<div role='dialog'><p data-here></p></div>") });
    expect(done).toEqual([]);
    press(handler(), "Enter", { on: element("<p data-here></p>") });
    expect(done).toEqual(["open"]);
  });

  it("do nothing that something nearer has done already", () => {
    const event = new KeyboardEvent("keydown", { key: "k", ctrlKey: true, cancelable: true });
    event.preventDefault();
    expect(handler().handle(event)).toBe(false);
  });
});

describe("the registry", () => {
  function Page({ commands }: { commands: Command[] }) {
    useCommands(commands);
    return null;
  }

  it("holds what mounted views register, the innermost first, without what is off", () => {
    const shell = render(<Page commands={[command("shell", ["N"]), command("off", ["O"], { enabled: false })]} />);
    const page = render(<Page commands={[command("page", ["N"])]} />);
    expect(allCommands().map(({ id }) => id)).toEqual(["page", "shell"]);
    press(new KeyHandler(), "n");
    expect(done).toEqual(["page"]);
    page.unmount();
    press(new KeyHandler(), "n");
    expect(done).toEqual(["page", "shell"]);
    shell.unmount();
    expect(allCommands()).toEqual([]);
  });

  it("runs what the last rendering meant", () => {
    const view = render(<Page commands={[command("save", ["S"], { run: () => void done.push("old") })]} />);
    view.rerender(<Page commands={[command("save", ["S"], { run: () => void done.push("new") })]} />);
    allCommands()[0]?.run();
    expect(done).toEqual(["new"]);
  });
});
