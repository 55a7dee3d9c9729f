import type { IncomingMessage, ServerResponse } from "node:http";
export function answerControl(_request: IncomingMessage, _response: ServerResponse, _pages: string): boolean { return false; }
