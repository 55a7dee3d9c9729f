/**
 * Server-sent events by `fetch` (HTML Living Standard §9.2): for those that are asked for with a bearer token, which
 * `EventSource` can't send, and which must never stand in an address.
 */

export interface ServerEvent {
  type: string;
  data: string;
}

/** Cuts text into events as it comes. Pure. */
export class EventSplitter {
  #rest = "";
  #type = "";
  #data: string[] = [];

  push(text: string): ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerEvent[] {
    if (line !== "") {
      const [, field = line, value = ""] = /^([^:]*): ?(.*)$/s.exec(line) ?? [];
      if (field === "event") this.#type = value;
      else if (field === "data") this.#data.push(value);
      return [];
    }
    const event = { type: this.#type === "" ? "message" : this.#type, data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    this.#type = "";
    this.#data = [];
    return empty ? [] : [event];
  }
}

/** Reads until the server ends it. Rejects when the network fails, or with the signal's reason. */
export async function readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>, onEvent: (event: ServerEvent) => void): Promise<void> {
  const splitter = new EventSplitter();
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      splitter.push(value).forEach(onEvent);
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}
