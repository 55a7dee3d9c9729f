/** Two pages, one build: `hall.html` for edges, `studio.html` for control, both into `src/parvis/pages`. */

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { fixture } from "./dev/fixture.ts";
import { precompress } from "./tools/precompress.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "/",
  appType: "mpa",
  plugins: [precompress({ page: "hall.html", firstBytes: 60_000, allBytes: 90_000 }), fixture()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: here("../src/parvis/pages"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { hall: here("hall.html"), studio: here("studio.html"), home: here("home.html"), embed: here("embed.html") },
      output: { chunkFileNames: "assets/[name]-[hash].js" },
    },
  },
});
