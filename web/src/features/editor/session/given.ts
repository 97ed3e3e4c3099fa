import { useEffect } from "react";
import { useRunVariables, useWhy } from "../../runs/queries";
import type { EditorSession } from "./session";

/** The block and the run that an address names: run ids have no @. */
export function givenOf(text: string | undefined): { block: string; run: string } | null {
  const at = text?.lastIndexOf("@") ?? -1;
  return text && at > 0 && at < text.length - 1 ? { block: text.slice(0, at), run: text.slice(at + 1) } : null;
}

/** Has the block that the address names run on what it was given in a run, for as long as it does. */
export function useGiven(session: EditorSession, text: string | undefined): void {
  const { block = null, run = "" } = givenOf(text) ?? {};
  const why = useWhy(run, block);
  const told = useRunVariables(run);
  useEffect(() => {
    const inputs = why.data && told.data ? Object.fromEntries(why.data.inputs.map((input) => [input.block, input.ref.version])) : null;
    session.ui.setState({ given: block === null ? null : { block, run, inputs, variables: told.data ?? {}, problem: (why.error ?? told.error)?.message } });
  }, [session, block, run, why.data, why.error, told.data, told.error]);
}
