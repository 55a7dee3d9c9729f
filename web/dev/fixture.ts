/**
 * Servers to look at the pages without servers: `npm run build && npm run preview`, then `/s/calm`, `/s/crowd`, …
 * (ids in `spaces.ts`) and `/`, `/studio/live`, … (`control.ts`). For looking only; tests of the product use the product.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin, PreviewServer } from "vite";
import { answerControl } from "./control.ts";
import { answerEdge } from "./edge.ts";

export function fixture(): Plugin {
  return {
    name: "parvis-fixture",
    configurePreviewServer(server: PreviewServer) {
      const pages = server.config.build.outDir;
      server.middlewares.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        if (!answerEdge(request, response, pages) && !answerControl(request, response, pages)) next();
      });
    },
  };
}
