import { defineConfig, mergeConfig } from "vitest/config";
import vite from "./vite.config.ts";

// A file of its own: builds of the package install nothing that only tests need. The time is for what hangs, not for what a busy machine does slowly.
export default mergeConfig(vite, defineConfig({ test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"], testTimeout: 60_000 } }));
