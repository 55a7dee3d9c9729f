/**
 * Writes a `.br` and a `.gz` sibling of every text file that the build puts out, and holds the hall to its weight.
 *
 * An edge answers from memory and never compresses by itself, so the work is done here, once, at full strength.
 * The weight is the page and each asset that it names, what it may load later included, compressed.
 */

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const TEXT = /\.(html|js|css|svg|json|webmanifest)$/;

export interface Limit {
  /** File name of the page, relative to the output folder. */
  page: string;
  /** Most bytes that the page and its assets may weigh, compressed by gzip, the weaker of the two. */
  limitBytes: number;
}

export function precompress(limit: Limit): Plugin {
  let folder = "";
  return {
    name: "parvis-precompress",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (TEXT.test(name)) compress(join(folder, name));
      }
      const bytes = weigh(folder, limit.page);
      const line = `${limit.page} weighs ${(bytes / 1000).toFixed(1)} kB compressed, of ${limit.limitBytes / 1000}`;
      if (bytes > limit.limitBytes) this.error(line);
      console.log(line);
    },
  };
}

function compress(path: string): void {
  const body = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
  };
  writeFileSync(`${path}.br`, brotliCompressSync(body, { params }));
}

/** Bytes of `page` and of all assets named in it, or in a script that it names, as gzip. */
function weigh(folder: string, page: string): number {
  const seen = new Set([page]);
  let bytes = 0;
  for (const name of seen) {
    bytes += readFileSync(join(folder, `${name}.gz`)).length;
    const text = readFileSync(join(folder, name), "utf8");
    for (const match of text.matchAll(/(?:assets|\.)\/([\w-]+\.(?:js|css|svg))/g)) {
      seen.add(`assets/${match[1] ?? ""}`);
    }
  }
  return bytes;
}
