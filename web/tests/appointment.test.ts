import { describe, expect, it } from "vitest";
import { aheadNow, keepInMs, offerIn, Pocket, type Appointment } from "../src/hall/appointment";
import { answerOf } from "../src/hall/space";
import { stretchOf } from "../src/hall/stream";
import { paceIn } from "../src/hall/events";

const AT = "2026-11-22T20:04:31.250Z";
const AT_MS = Date.parse(AT);
const MINE: Appointment = { text: "abc", atMs: AT_MS, ahead: 1_000, givenMs: AT_MS - 60_000 };

/** What a tab keeps, across reloads. */
class Tab {
  readonly #items = new Map<string, string>();
  getItem = (key: string): string | null => this.#items.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.#items.set(key, value);
  removeItem = (key: string): void => void this.#items.delete(key);
}

describe("offerIn", () => {
  it("reads the appointment of a problem", async () => {
    const body = JSON.stringify({ code: "not-admitted", appointment: "abc", at: AT, ahead: 1_240 });
    const answer = await answerOf(new Response(body, { status: 503, headers: { "Retry-After": "42" } }));
    expect(answer).toMatchObject({ status: 503, retryAfterS: 42, offer: { text: "abc", atMs: AT_MS, ahead: 1_240 } });
  });

  it("does without the number of those ahead", () => {
    expect(offerIn({ appointment: "abc", at: AT })).toEqual({ text: "abc", atMs: AT_MS, ahead: 0 });
  });

  it.each([
    {}, { appointment: "abc" }, { at: AT }, { appointment: 7, at: AT }, { appointment: "", at: AT },
    { appointment: "abc", at: "soon" }, { appointment: "a\r\nX-Evil: 1", at: AT }, { appointment: "é", at: AT },
    { appointment: "a".repeat(513), at: AT },
  ])("takes %j for none", (problem) => {
    expect(offerIn(problem)).toBeNull();
  });
});

describe("keepInMs", () => {
  it("comes within the second that was named, never before", () => {
    expect(keepInMs(MINE, AT_MS - 5_000, null, () => 0)).toBe(5_000);
    expect(keepInMs(MINE, AT_MS - 5_000, null, () => 0.999)).toBe(5_999);
    expect(keepInMs(MINE, AT_MS + 5_000, null, () => 0)).toBe(0);
  });

  it("believes the server's wait when this clock runs ahead", () => {
    expect(keepInMs(MINE, AT_MS + 60_000, 42, () => 0)).toBe(41_000);
  });
});

it("lets the line shorten evenly", () => {
  expect([-70_000, -60_000, -30_000, 0, 9_000].map((ms) => aheadNow(MINE, AT_MS + ms))).toEqual([1_000, 1_000, 500, 0, 0]);
  expect(aheadNow({ ...MINE, givenMs: AT_MS }, AT_MS)).toBe(0);
});

describe("Pocket", () => {
  it("keeps the place through a reload, each Space its own", () => {
    const tab = new Tab();
    new Pocket("k3v9", tab).keep(MINE);
    expect(new Pocket("k3v9", tab).at(AT_MS)).toEqual(MINE);
    expect(new Pocket("other", tab).at(AT_MS)).toBeNull();
  });

  it("lets a new one replace the old, and forgets it when it was kept", () => {
    const tab = new Tab();
    const pocket = new Pocket("k3v9", tab);
    pocket.keep(MINE);
    pocket.keep({ ...MINE, text: "def" });
    expect(new Pocket("k3v9", tab).at(AT_MS)?.text).toBe("def");
    pocket.drop();
    expect([pocket.at(AT_MS), new Pocket("k3v9", tab).at(AT_MS)]).toEqual([null, null]);
  });

  it("is empty half a minute after its time", () => {
    const tab = new Tab();
    const pocket = new Pocket("k3v9", tab);
    pocket.keep(MINE);
    expect(pocket.at(AT_MS + 30_000)).toEqual(MINE);
    expect(pocket.at(AT_MS + 30_001)).toBeNull();
    expect(tab.getItem("parvis.appointment.k3v9")).toBeNull();
  });

  it.each(["{", "null", "7", "{}", '{"text":"a b","atMs":1,"ahead":0,"givenMs":0}', '{"text":"abc","atMs":"1"}'])(
    "leaves %j in the storage alone", (stored) => {
      const tab = new Tab();
      tab.setItem("parvis.appointment.k3v9", stored);
      expect(new Pocket("k3v9", tab).at(0)).toBeNull();
    },
  );

  it("works for this visit where nothing can be stored", () => {
    const refuse = (): never => {
      throw new DOMException("no", "SecurityError");
    };
    const pocket = new Pocket("k3v9", { getItem: refuse, setItem: refuse, removeItem: refuse });
    pocket.keep(MINE);
    expect(pocket.at(AT_MS)).toEqual(MINE);
    pocket.drop();
    expect(new Pocket("k3v9", null).at(AT_MS)).toBeNull();
  });
});

describe("what an edge says of its bursts", () => {
  it.each([[null, null], ["1", 1], ["64", 64], ["0", null], ["65", null], ["4.5", null], ["-1", null], ["", null]])(
    "X-Parvis-Stretch %j is %j", (header, stretch) => {
      expect(stretchOf(header)).toBe(stretch);
    },
  );

  const pace = (fields: object): { timeMs: number; body: string } =>
    ({ timeMs: 0, body: JSON.stringify({ type: "pace", ...fields }) });

  it("finds the last pace among other events", () => {
    const counts = { timeMs: 0, body: '{"type":"counts","listeners":3}' };
    const told = paceIn([pace({ stretch: 2, from_sequence: 5 }), pace({ stretch: 4, from_sequence: 90 }), counts]);
    expect(told).toEqual({ stretch: 4, from_sequence: 90 });
    expect(paceIn([counts])).toBeNull();
  });

  it.each([{}, { stretch: 0, from_sequence: 9 }, { stretch: 65, from_sequence: 9 }, { stretch: 2 },
    { stretch: 1.5, from_sequence: 9 }, { stretch: "2", from_sequence: 9 }, { stretch: 2, from_sequence: null }])(
    "leaves %j alone", (fields) => {
      expect(paceIn([pace(fields)])).toBeNull();
    },
  );

  it("is not misled by words", () => {
    expect(paceIn([{ timeMs: 0, body: '{"type":"state","title":"\\"pace\\""}' }, { timeMs: 0, body: '{"pace"' }])).toBeNull();
    expect(paceIn([{ timeMs: 0, body: "null // \"pace\"" }])).toBeNull();
  });
});
