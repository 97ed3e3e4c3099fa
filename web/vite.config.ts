import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { createReadStream, createWriteStream, readdirSync, statSync, unlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliCompress, createGzip, constants } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const OUT = "../src/penstock/server/static";

/**
 * Compresses what is worth it once, at build time, as gzip and for browsers that take it as Brotli, which is a sixth smaller:
 * the server sends these files as they are, and unpacks them for the rare client that takes no gzip. The plain ones are not kept, or the package would hold everything twice.
 */
function compressed(): Plugin {
  const walk = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? walk(join(folder, entry.name)) : [join(folder, entry.name)],
    );
  let folder = OUT;
  return {
    name: "compressed",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const worth = walk(folder).filter((file) => /\.(js|css|svg|json)$/.test(file) && statSync(file).size > 1024);
      for (const file of worth) {
        const gzip = createGzip({ level: constants.Z_BEST_COMPRESSION });
        await pipeline(createReadStream(file), gzip, createWriteStream(`${file}.gz`));
        // Twice only what pages are made of: the libraries of charts are a large part of all and rarely asked for.
        if (statSync(`${file}.gz`).size < 160_000) {
          const brotli = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: statSync(file).size } });
          await pipeline(createReadStream(file), brotli, createWriteStream(`${file}.br`));
        }
        unlinkSync(file);
      }
    },
  };
}

export default defineConfig({
  // Relative, so that one build serves below any path; the server writes <base href> into the page.
  base: "./",
  plugins: [react(), tailwindcss(), compressed()],
  build: { outDir: OUT, emptyOutDir: true, sourcemap: false, target: "es2022", chunkSizeWarningLimit: 1200 },
  // Log in at the server's own address first: its cookie counts for every port of the same host.
  server: {
    host: "127.0.0.1",
    port: 5173,
    proxy: { "/api": { target: process.env.PENSTOCK_URL ?? "http://127.0.0.1:6789", ws: true } },
  },
});
