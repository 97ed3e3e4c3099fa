import { vi } from "vitest";

/** Tries until it holds, for as long as a busy machine may need: what never holds fails, what is slow does not. */
export const eventually = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000 });
