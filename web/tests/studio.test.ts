import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { HANDLE, handleFrom } from "../src/shared/handle";
import { levelOf } from "../src/shared/level";
import { Problem, problemOf, type Handoff, type Seat } from "../src/studio/api";
import { routeOf } from "../src/studio/route";
import {
  actsOn, asked, asking, cameFrom, candidates, hostIsGone, qualityOf, standingOf, type Standing,
} from "../src/studio/rules";
import { phaseOf } from "../src/studio/studio";
import { sayProblem } from "../src/studio/words";
import { en } from "../src/studio/words/en";
import { fr } from "../src/studio/words/fr";

const seat = (rest: Partial<Seat> = {}): Seat => ({
  handle: "leo", display_name: "Léo", avatar: null, role: "speaker", acting: false, muted: false, muted_by: null, connected: true, level: 40,
  loss_percent: 0, rtt_ms: 20, jitter_ms: 2, ...rest,
});

describe("what one may do to another's seat", () => {
  it.each<[string, Standing, Partial<Seat>, string[]]>([
    ["a host, to a speaker", "host", {}, ["mute", "role", "remove"]],
    ["a co-host, to a speaker", "co-host", {}, ["mute", "remove"]],
    ["a co-host, to the host", "co-host", { role: "host" }, ["mute"]],
    ["an acting host, to a speaker", "acting host", {}, ["mute", "role", "remove"]],
    ["an acting host, to the host", "acting host", { role: "host" }, ["mute"]],
    ["a speaker", "speaker", {}, []],
    ["somebody without a seat", null, {}, []],
    ["a host, to one that the host muted", "host", { muted: true, muted_by: "host" }, ["unmute", "role", "remove"]],
    ["a co-host, to who acts as host", "co-host", { role: "co-host", acting: true }, ["mute"]],
    ["a host, to who acts as host", "host", { role: "co-host", acting: true }, ["mute", "role", "remove"]],
    ["a host, to one that muted itself", "host", { muted: true, muted_by: "self" }, ["role", "remove"]],
  ])("%s", (_, role, rest, acts) => {
    expect(actsOn(seat(rest), role)).toEqual(acts);
  });
});

it.each<[Partial<Seat>, string]>([
  [{}, "good"],
  [{ loss_percent: 5 }, "fair"],
  [{ rtt_ms: 250 }, "fair"],
  [{ loss_percent: 20 }, "poor"],
  [{ jitter_ms: 90 }, "poor"],
  [{ loss_percent: null, rtt_ms: null, jitter_ms: null }, "unknown"],
  [{ connected: false }, "away"],
])("a connection of %j is %s", (rest, quality) => {
  expect(qualityOf(seat(rest))).toBe(quality);
});

it("measures a level as the stage does", () => {
  const sine = (peak: number): Float32Array => Float32Array.from({ length: 4800 }, (_, i) => peak * Math.sin((2 * Math.PI * i) / 48));
  expect(levelOf(new Float32Array(100).fill(1))).toBe(100);
  expect(levelOf(sine(Math.SQRT2 * 0.1))).toBe(67);
  expect(levelOf(sine(0.001))).toBe(0);
  expect(levelOf(new Float32Array(0))).toBe(0);
});

it.each([["Léo Marchand", "leo_marchand"], ["  Ana  ", "ana"], ["山田", ""], ["O'Neil-Smith 3rd", "o_neil_smith_3rd"]])(
  "%s becomes %j", (name, handle) => {
    expect(handleFrom(name)).toBe(handle);
    if (handle !== "") expect(handle).toMatch(new RegExp(`^${HANDLE}$`));
  },
);

it("finds its way", () => {
  const at = { page: "studio", space: "k3v9", invitation: null, log: false };
  expect(routeOf("/", "")).toEqual({ page: "home" });
  expect(routeOf("/studio", "")).toEqual({ page: "home" });
  expect(routeOf("/studio/k3v9", "")).toEqual(at);
  expect(routeOf("/studio/k3v9", "#invitation=a-B_3")).toEqual({ ...at, invitation: "a-B_3" });
  expect(routeOf("/studio/k3v9", "#invitation=")).toEqual(at);
  expect(routeOf("/studio/k3v9", "#log")).toEqual({ ...at, log: true });
});

describe("who goes on with a Space", () => {
  it("an acting host is no longer what they were", () => {
    expect([standingOf({ role: "speaker", acting: true }), standingOf({ role: "co-host", acting: false })]).toEqual(["acting host", "co-host"]);
  });

  it("on air only who is connected may be host next, co-hosts first", () => {
    const seats = [
      seat({ handle: "ana", role: "host" }), seat({ handle: "leo" }), seat({ handle: "mia", connected: false }),
      seat({ handle: "zoe", role: "co-host" }),
    ];
    expect(candidates(seats, true).map(({ handle }) => handle)).toEqual(["zoe", "leo"]);
    expect(candidates(seats, false).map(({ handle }) => handle)).toEqual(["zoe", "leo", "mia"]);
  });

  it("a host without a seat is a suspended one; a list that has not come yet says nothing", () => {
    expect(hostIsGone([seat({ role: "host" })])).toBe(false);
    expect(hostIsGone([seat()])).toBe(true);
    expect(hostIsGone([])).toBe(false);
  });
});

describe("handoffs", () => {
  const handoff = (rest: Partial<Handoff>): Handoff => ({
    id: "h", state: "asked", from: { id: "a", title: "A" }, to: { id: "b", title: "B" }, url: "", title: "B", reason: "r", by: "leo",
    asked_at: "2026-11-22T20:00:00.000Z", expires_at: "2026-11-22T20:01:00.000Z", at: null, only_from: null, end: true, ...rest,
  });
  const inTime = Date.parse("2026-11-22T20:00:30.000Z");

  it("wait for an answer of the Space that they lead to, until they expire", () => {
    const all = [handoff({})];
    expect([asking(all, "b", inTime).length, asking(all, "a", inTime).length, asking(all, "b", inTime + 30_000).length]).toEqual([1, 0, 0]);
    expect([asked(all, "a", inTime)?.id, asked(all, "b", inTime)]).toEqual(["h", null]);
  });

  it("can be sent back only by the Space to which they came, and once", () => {
    expect(cameFrom([handoff({ state: "made" })], "b")?.from.id).toBe("a");
    expect(cameFrom([handoff({ state: "returned" })], "b")).toBeNull();
    expect(cameFrom([handoff({ state: "made" })], "a")).toBeNull();
    expect(cameFrom([handoff({ state: "made", only_from: "b" })], "b")).toBeNull();
  });
});

it.each([
  ["scheduled", false, "prepare"], ["scheduled", true, "green-room"], ["live", true, "live"], ["live", false, "live"],
  ["held", false, "held"], ["ended", true, "after"],
] as const)("a Space that is %s, seated %s: %s", (state, seated, phase) => {
  expect(phaseOf(state, seated)).toBe(phase);
});

describe("refusals", () => {
  it("are read from problems, with their Retry-After", async () => {
    const response = new Response('{"code":"stage-away","detail":"No stage."}', { status: 503, headers: { "Retry-After": "2" } });
    expect(await problemOf(response)).toMatchObject({ status: 503, code: "stage-away", detail: "No stage.", retryAfterS: 2 });
    expect(await problemOf(new Response("<html>", { status: 502 }))).toMatchObject({ code: "unknown", retryAfterS: null });
  });

  it("are said in words, else in the server's, else plainly", () => {
    expect(sayProblem(en, new Problem(409, "handle-taken", "x"))).toBe(en.errors["handle-taken"]);
    expect(sayProblem(en, new Problem(422, "input-invalid", "title: too long"))).toContain("title: too long");
    expect(sayProblem(fr, new Problem(418, "teapot", "Short and stout."))).toBe("Short and stout.");
    expect(sayProblem(fr, new Problem(502, "unknown", ""))).toBe(fr.unknownError);
  });

  it("have words in both languages for every code of the protocol that a person can meet", () => {
    const protocol = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
    const control = protocol.slice(protocol.indexOf("## 4."));
    const codes = new Set([...control.matchAll(/`(?:\d{3} )?([a-z]+(?:-[a-z]+)+)`/g)].map((match) => match[1] ?? ""));
    const others = new Set([
      // Words of the protocol that are no codes.
      "co-host", "chat-gone", "chat-back", "chat-more",
      "ice-ufrag", "ice-pwd",
      // Said in a sentence of its own.
      "host-awaited",
      // Of addresses that the studio never asks for.
      "feed-unknown", "range-unsatisfiable", "emoji-unknown", "body-invalid", "length-required", "space-not-begun", "not-admitted",
      "format-unknown",
      // Only a broken client meets these; the server's own sentence does.
      "method-not-allowed", "media-type", "too-large", "request-timeout", "not-found", "offer-malformed", "session-unknown", "fragment-malformed", "ice-session-stale", "no-candidates", "tag-required",
    ]);
    const missing = [...codes].filter((code) => !others.has(code) && en.errors[code] === undefined && en.advice[code] === undefined);
    expect(missing).toEqual([]);
    expect(Object.keys(fr.errors).sort()).toEqual(Object.keys(en.errors).sort());
    expect(Object.keys(fr.advice).sort()).toEqual(Object.keys(en.advice).sort());
    expect(Object.keys(fr.logAct).sort()).toEqual(Object.keys(en.logAct).sort());
  });
});
