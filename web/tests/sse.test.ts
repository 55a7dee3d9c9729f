import { describe, expect, it } from "vitest";
import { EventSplitter } from "../src/shared/sse";

const WHOLE = ": hello\n\nevent: seats\ndata: {\"a\":1}\n\ndata: one\ndata: two\nid: 7\n\nevent: empty\n\n";
const EVENTS = [{ type: "seats", data: '{"a":1}' }, { type: "message", data: "one\ntwo" }];

describe("server-sent events", () => {
  it("are cut out of the text", () => {
    expect(new EventSplitter().push(WHOLE)).toEqual(EVENTS);
  });

  it("are the same wherever the network cuts it, and with any line ends", () => {
    for (const text of [WHOLE, WHOLE.replaceAll("\n", "\r\n"), WHOLE.replaceAll("\n", "\r") + ":"]) {
      for (let cut = 0; cut < text.length; cut += 1) {
        const splitter = new EventSplitter();
        expect([...splitter.push(text.slice(0, cut)), ...splitter.push(text.slice(cut))]).toEqual(EVENTS);
      }
    }
  });

  it("are not given before they are whole", () => {
    const splitter = new EventSplitter();
    expect(splitter.push("event: seats\ndata: x")).toEqual([]);
    expect(splitter.push("\n")).toEqual([]);
    expect(splitter.push("\n")).toEqual([{ type: "seats", data: "x" }]);
  });
});
