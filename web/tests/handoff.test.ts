/** Where a handoff leads, from an event or from `space.json`, and what addresses follow from it. */

import { describe, expect, it } from "vitest";
import { EventQueue, type HandoffEvent } from "../src/hall/events";
import { sketch } from "../src/hall/follow";
import { knownHandoff, toldHandoff } from "../src/hall/handoff";
import { liveAddress, placeOfAnswer, placeOfLink, placeOfPath, streamAddress, type Place } from "../src/hall/place";
import type { Space } from "../src/hall/space";
import { spaceOf } from "../dev/spaces";

const HERE = "https://here.example";
const A: Place = { id: "aaa", origin: "", via: null };
const EVENT: HandoffEvent = {
  type: "handoff", from: "aaa", to: "bbb", url: `${HERE}/s/bbb`, title: "B", reason: "The first room broke.", by: "ana",
  atMs: 5_000,
};

function space(fields: Partial<Space>): Space {
  const calm = spaceOf("calm");
  if (calm === null) throw new Error("no such Space");
  return { ...calm, ...fields };
}

describe("a place", () => {
  it.each(["/s/k3v9", "/s/k3v9/"])("is found in the path %s", (path) => {
    expect(placeOfPath(path)).toEqual({ id: "k3v9", origin: "", via: null });
  });

  it("is found in a share link, of this Parvis and of another", () => {
    expect(placeOfLink(`${HERE}/s/bbb`, HERE)).toEqual({ id: "bbb", origin: "", via: null });
    expect(placeOfLink("https://there.example:8443/s/bbb/", HERE)).toEqual({
      id: "bbb", origin: "https://there.example:8443", via: null,
    });
  });

  it.each(["", "no link", "javascript:alert(1)//s/bbb", "https://there.example/bbb", "data:text/html,/s/bbb"])(
    "is not found in %j", (link) => expect(placeOfLink(link, HERE)).toBeNull(),
  );

  it("is found in an answer that was sent on", () => {
    expect(placeOfAnswer(`${HERE}/live/bbb/stream.mp4?codec=opus&via=aaa`, HERE)).toEqual({ id: "bbb", origin: "", via: "aaa" });
    expect(placeOfAnswer("https://there.example/live/ccc/stream.mp4", HERE)?.origin).toBe("https://there.example");
    expect(placeOfAnswer(`${HERE}/s/bbb`, HERE)).toBeNull();
  });

  it("gives addresses that say where one came from", () => {
    const there: Place = { id: "bbb", origin: "https://there.example", via: null };
    expect(liveAddress(there, "space.json")).toBe("https://there.example/live/bbb/space.json");
    const b: Place = { id: "bbb", origin: "", via: "aaa" };
    expect(streamAddress(b, "/live/bbb/stream.mp4?codec=aac")).toBe("/live/bbb/stream.mp4?codec=aac&via=aaa");
    expect(streamAddress(A, "/live/aaa/stream.mp4?codec=aac")).toBe("/live/aaa/stream.mp4?codec=aac");
  });
});

describe("a handoff", () => {
  it("into a Space of this Parvis keeps the origin, and says where one came from", () => {
    expect(toldHandoff(EVENT, A, HERE)).toMatchObject({
      place: { id: "bbb", origin: "", via: "aaa" }, title: "B", reason: "The first room broke.", by: "ana", atMs: 5_000,
    });
  });

  it("into another Parvis follows its link", () => {
    const told = toldHandoff({ ...EVENT, to: "", url: "https://there.example/s/ccc" }, A, HERE);
    expect(told?.place).toEqual({ id: "ccc", origin: "https://there.example", via: null });
  });

  it("that leads nowhere, or to where we are, is none", () => {
    expect(toldHandoff({ ...EVENT, to: "", url: "nowhere" }, A, HERE)).toBeNull();
    expect(toldHandoff({ ...EVENT, to: "aaa" }, A, HERE)).toBeNull();
    expect(knownHandoff(space({}), A, HERE)).toBeNull();
    expect(knownHandoff(space({ handed_to: null }), A, HERE)).toBeNull();
  });

  it("is kept by space.json for those who come later", () => {
    const handed_to = { id: "bbb", url: `${HERE}/s/bbb`, title: "B", reason: "Suspended.", at: "2026-11-22T20:00:00Z" };
    expect(knownHandoff(space({ handed_to }), A, HERE)).toEqual({
      place: { id: "bbb", origin: "", via: "aaa" }, url: handed_to.url, title: "B", reason: "Suspended.", by: null,
      atMs: Date.parse("2026-11-22T20:00:00Z"),
    });
    expect(knownHandoff(space({ handed_to: { ...handed_to, at: "soon" } }), A, HERE)).toBeNull();
  });

  it("is heard before anything else that its part tells, which is of the new Space", () => {
    const queue = new EventQueue();
    const counts = { type: "counts", listeners: 7 } as const;
    const coming = queue.add([
      { timeMs: 5_000, body: JSON.stringify(counts) }, { timeMs: 5_000, body: JSON.stringify({ ...EVENT, atMs: 0 }) },
    ]);
    expect(coming).toEqual([EVENT]);
    expect(queue.due(4_999)).toEqual([]);
    expect(queue.due(5_000)).toEqual([EVENT, counts]);
  });

  it("says nothing of the old people before the new are known, but knows where the sound is", () => {
    const before = space({ id: "calm" });
    const handoff = toldHandoff(EVENT, { ...A, id: "calm" }, HERE);
    if (handoff === null) throw new Error("no handoff");
    const after = sketch(before, { ...A, id: "calm" }, handoff);
    expect(after).toMatchObject({ id: "bbb", title: "B", speakers: [], host: { handle: "" } });
    expect(after.renditions[0]?.stream).toBe("/live/bbb/stream.mp4?codec=opus");
  });
});
