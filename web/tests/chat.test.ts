import { describe, expect, it } from "vitest";
import { Chat, MOST_LINES } from "../src/shared/chat";
import type { ChatEvent } from "../src/shared/talk-events";

const said = (id: string, by = "tom", type: ChatEvent["type"] = "chat"): ChatEvent => ({
  type, id, by, name: by.toUpperCase(), role: null, text: `text of ${id}`, reply_to: null, at: "2026-11-22T20:00:00.000Z",
});
const ids = (chat: Chat): string[] => chat.state.value.lines.map(({ id }) => id);

describe("what is written", () => {
  it("stands in the order in which it was heard, once", () => {
    const chat = new Chat();
    for (const id of ["a", "b", "a", "c", "b"]) chat.take(said(id));
    expect(ids(chat)).toEqual(["a", "b", "c"]);
  });

  it("is unread until somebody looks, and while somebody looks it is not", () => {
    const chat = new Chat();
    chat.take(said("a"));
    chat.take(said("b"));
    expect(chat.state.value.unread).toBe(2);
    chat.look(true);
    chat.take(said("c"));
    expect(chat.state.value.unread).toBe(0);
    chat.look(false);
    chat.take(said("d"));
    expect(chat.state.value.unread).toBe(1);
  });

  it("from before one came goes to the beginning and is no news", () => {
    const chat = new Chat();
    chat.take(said("c"));
    chat.addEarlier([said("a"), said("b"), said("c")]);
    expect(ids(chat)).toEqual(["a", "b", "c"]);
    expect(chat.state.value.unread).toBe(1);
  });

  it("is gone when it is taken out, and an older telling does not bring it back", () => {
    const chat = new Chat();
    chat.take(said("a"));
    chat.take({ type: "chat-gone", id: "a", by: "host" });
    chat.take(said("a"));
    chat.addEarlier([said("a")]);
    expect(ids(chat)).toEqual([]);
    chat.take(said("a", "tom", "chat-back"));
    expect(ids(chat)).toEqual(["a"]);
  });

  it("of somebody who is banned goes all at once, the pin with it", () => {
    const chat = new Chat();
    for (const [id, by] of [["a", "tom"], ["b", "eve"], ["c", "tom"]] as const) chat.take(said(id, by));
    chat.take({ type: "pin", id: "c", by: "tom", name: "TOM", text: "text of c" });
    chat.take({ type: "chat-gone", id: null, by: "tom" });
    expect(ids(chat)).toEqual(["b"]);
    expect(chat.state.value.pinned).toBeNull();
  });

  it("counts what was left out, and forgets all in another Space", () => {
    const chat = new Chat();
    chat.take(said("a"));
    chat.take({ type: "chat-more", missed: 3 });
    chat.take({ type: "chat-more", missed: 4 });
    expect(chat.state.value.missed).toBe(7);
    chat.clear();
    expect(chat.state.value).toEqual({ lines: [], pinned: null, unread: 0, missed: 0 });
  });

  it("has a bound, and the oldest go first", () => {
    const chat = new Chat();
    for (let i = 0; i < MOST_LINES + 10; i += 1) chat.take(said(String(i)));
    expect(ids(chat)).toHaveLength(MOST_LINES);
    expect(ids(chat)[0]).toBe("10");
  });
});

describe("the pin", () => {
  it("holds until another comes or none does, and is not told again for nothing", () => {
    const chat = new Chat();
    let told = 0;
    chat.state.subscribe(() => (told += 1));
    const pin = { type: "pin", id: "a", by: "tom", name: "Tom", text: "Read this" } as const;
    chat.take(pin);
    chat.take(pin);
    expect(told).toBe(1);
    chat.take({ type: "pin", id: null });
    expect(chat.state.value.pinned).toBeNull();
  });
});
