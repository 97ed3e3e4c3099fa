import { defineConfig, mergeConfig } from "vitest/config";
import vite from "./vite.config.ts";

// A file of its own: builds of the package install nothing that only tests need.
export default mergeConfig(vite, defineConfig({ test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] } }));
