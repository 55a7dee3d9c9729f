/**
 * Writes a `.br` and a `.gz` sibling of every text file that the build puts out, and holds the hall to its weight.
 *
 * An edge answers from memory and never compresses by itself, so the work is done here, once, at full strength.
 * The first load is the page, and all that it needs before anybody taps: what its scripts import, with the styles of
 * that. What a tap may fetch (`import()`) is weighed beside it. Compressed is by gzip, the weaker of the two.
 */

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

const TEXT = /\.(html|js|css|svg|json|webmanifest)$/;

export interface Limit {
  /** File name of the page, relative to the output folder. */
  page: string;
  /** Most bytes of the first load. */
  firstBytes: number;
  /** Most bytes of the first load and all that may be fetched later. */
  allBytes: number;
}

export function precompress(limit: Limit): Plugin {
  let folder = "";
  let chunks: Rolldown.OutputChunk[] = [];
  return {
    name: "parvis-precompress",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    generateBundle(_, bundle) {
      chunks = Object.values(bundle).filter((output) => output.type === "chunk");
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (TEXT.test(name)) compress(join(folder, name));
      }
      const first = weigh(folder, filesOf(folder, limit.page, chunks, false));
      const all = weigh(folder, filesOf(folder, limit.page, chunks, true));
      const line = `${limit.page} weighs ${kB(first)} compressed at first, of ${kB(limit.firstBytes)}; ` +
        `with all that it may fetch later ${kB(all)}, of ${kB(limit.allBytes)}`;
      if (first > limit.firstBytes || all > limit.allBytes) this.error(line);
      console.log(line);
    },
  };
}

const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;

function compress(path: string): void {
  const body = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
  };
  writeFileSync(`${path}.br`, brotliCompressSync(body, { params }));
}

function weigh(folder: string, files: Set<string>): number {
  return [...files].reduce((bytes, name) => bytes + readFileSync(join(folder, `${name}.gz`)).length, 0);
}

/** `page`, what it names, and what the scripts among that import; `later` ones, too. */
function filesOf(folder: string, page: string, chunks: Rolldown.OutputChunk[], later: boolean): Set<string> {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const files = new Set([page]);
  for (const name of files) {
    const chunk = byName.get(name);
    if (chunk !== undefined) {
      const styles = chunk.viteMetadata?.importedCss ?? [];
      for (const other of [...chunk.imports, ...styles, ...(later ? chunk.dynamicImports : [])]) files.add(other);
    } else {
      const text = readFileSync(join(folder, name), "utf8");
      for (const [, asset = ""] of text.matchAll(/assets\/([\w-]+\.(?:js|css|svg))/g)) files.add(`assets/${asset}`);
    }
  }
  return files;
}
