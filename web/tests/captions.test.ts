import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Captions, type CaptionEvent } from "../src/hall/captions";
import { EventQueue } from "../src/hall/events";

const caption = (changes: Partial<CaptionEvent> = {}): CaptionEvent => ({
  type: "caption", id: "h1", start_ms: 10_000, end_ms: 12_500, text: "Good evening", final: true, lang: "en", by: "cap",
  ...changes,
});
const texts = (captions: Captions): string[] => captions.lines.value.map(({ text }) => text);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the queue", () => {
  it("gives a caption with the sound of its first word, never before", () => {
    const queue = new EventQueue();
    queue.add([{ timeMs: 13_120, body: JSON.stringify(caption()) }]);
    expect(queue.due(9_999)).toEqual([]);
    expect(queue.due(10_000)).toEqual([caption()]);
  });

  it("gives one that is late at once", () => {
    const queue = new EventQueue();
    expect(queue.due(12_000)).toEqual([]);
    queue.add([{ timeMs: 13_120, body: JSON.stringify(caption()) }]);
    expect(queue.due(12_000)).toEqual([caption()]);
  });

  it("trusts no caption to be ahead of the part in which it rides", () => {
    const queue = new EventQueue();
    queue.add([{ timeMs: 9_600, body: JSON.stringify(caption()) }]);
    expect(queue.due(9_600)).toEqual([caption()]);
  });
});

describe("Captions", () => {
  it("shows words for as long as they took", () => {
    const captions = new Captions();
    captions.take(caption());
    vi.advanceTimersByTime(2_499);
    expect(texts(captions)).toEqual(["Good evening"]);
    vi.advanceTimersByTime(1);
    expect(texts(captions)).toEqual([]);
  });

  it("leaves time to read", () => {
    const captions = new Captions();
    captions.take(caption({ end_ms: 10_100 }));
    vi.advanceTimersByTime(1_999);
    expect(texts(captions)).toEqual(["Good evening"]);
  });

  it("shows the last two", () => {
    const captions = new Captions();
    for (const id of ["a", "b", "c"]) captions.take(caption({ id, text: id }));
    expect(texts(captions)).toEqual(["b", "c"]);
  });

  it("puts a correction in its place, and takes back what has no words", () => {
    const captions = new Captions();
    captions.take(caption({ text: "God evening" }));
    captions.take(caption({ id: "h2", text: "Welcome" }));
    captions.take(caption());
    expect(texts(captions)).toEqual(["Good evening", "Welcome"]);
    captions.take(caption({ text: "" }));
    expect(texts(captions)).toEqual(["Welcome"]);
  });

  it("does not bring back what is gone, be it told again or corrected", () => {
    const captions = new Captions();
    captions.take(caption());
    vi.advanceTimersByTime(10_000);
    captions.take(caption());
    captions.take(caption({ text: "Good morning" }));
    expect(texts(captions)).toEqual([]);
  });
});
