/**
 * An edge to look at the hall with: `npm run build && npm run preview`, then `/s/calm`, `/s/crowd`, … (ids in
 * `spaces.ts`). Some of its states, a full square or a cut line, are hard to bring about with a healthy server. For
 * looking only: the studio is looked at with `parvis up`, and tests of the product use the product.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin, PreviewServer } from "vite";
import { answerArchive } from "./archive.ts";
import { answerEdge } from "./edge.ts";
import { answerControl } from "./talk.ts";

export function fixture(): Plugin {
  return {
    name: "parvis-fixture",
    configurePreviewServer(server: PreviewServer) {
      const pages = server.config.build.outDir;
      server.middlewares.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        if (!answerArchive(request, response) && !answerControl(request, response) && !answerEdge(request, response, pages)) next();
      });
    },
  };
}
