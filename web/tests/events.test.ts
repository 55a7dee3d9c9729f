import { describe, expect, it } from "vitest";
import { EventQueue, parseEvent } from "../src/hall/events";

const counts = (listeners: number): string => JSON.stringify({ type: "counts", listeners });

describe("parseEvent", () => {
  it("reads what it knows", () => {
    expect(parseEvent(counts(3))).toEqual({ type: "counts", listeners: 3 });
  });

  it.each(["", "{", "null", "7", "[]", "{}", '{"type":"fireworks"}'])("leaves %j alone", (body) => {
    expect(parseEvent(body)).toBeNull();
  });
});

describe("EventQueue", () => {
  it("gives events when their sound is heard, in order, once", () => {
    const queue = new EventQueue();
    queue.add([{ timeMs: 640, body: counts(2) }, { timeMs: 320, body: counts(1) }]);
    queue.add([{ timeMs: 960, body: counts(3) }, { timeMs: 100, body: "not JSON" }]);
    expect(queue.due(319)).toEqual([]);
    expect(queue.due(640)).toEqual([{ type: "counts", listeners: 1 }, { type: "counts", listeners: 2 }]);
    expect(queue.due(640)).toEqual([]);
    expect(queue.due(9_999)).toEqual([{ type: "counts", listeners: 3 }]);
  });

  it("holds no more than its bound, and drops the oldest", () => {
    const queue = new EventQueue();
    for (let i = 0; i < 2_500; i += 1) queue.add([{ timeMs: i, body: counts(i) }]);
    const due = queue.due(Infinity);
    expect(due).toHaveLength(2_000);
    expect(due[0]).toEqual({ type: "counts", listeners: 500 });
  });
});
