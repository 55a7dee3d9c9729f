/** Spaces of the fixture, one for each state that a listener can meet. The id says which. */

import type { Space, Speaker } from "../src/hall/space";

const person = (handle: string, display_name: string, role: Speaker["role"], rest: Partial<Speaker> = {}): Speaker => ({
  handle, display_name, role, connected: true, muted: false, ...rest,
});

const CAST = [
  person("ana", "Ana Lefèvre", "host"),
  person("tom", "Tom Okafor", "co-host"),
  person("yuki", "Yuki Tanaka", "speaker", { muted: true }),
  person("leo", "Léo Marchand", "speaker", { connected: false }),
];

const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();
/** Fixed when the fixture starts, so that a clock counts down. */
const BEGINS = soon(20_000);
const LATER = soon(600_000);
/** `handed` sends its audience on this long after somebody has begun to listen. */
export const HANDED_AFTER_MS = 8_000;

export function spaceOf(id: string): Space | null {
  const live: Space = {
    id, title: "Budget night: what it changes for you", language: "en", state: "live",
    description: "Three economists read the budget line by line. Questions at the end.",
    host: { handle: "ana", display_name: "Ana Lefèvre" }, speakers: CAST, counts: { listeners: 348 },
    created_at: soon(-3_600_000), starts_at: null, started_at: soon(-1_500_000), ended_at: null,
    now: new Date().toISOString(), sequence: Math.floor(Date.now() / 320),
    renditions: [
      {
        name: "opus", mime: 'audio/mp4; codecs="opus"', bitrate_bps: 32_000,
        stream: `/live/${id}/stream.mp4?codec=opus`,
      },
    ],
    edges: [],
    links: { share: `http://127.0.0.1/s/${id}`, studio: `http://127.0.0.1/studio/${id}`, calendar: `/api/v1/spaces/${id}/calendar.ics` },
  };
  const waiting = { started_at: null, sequence: null, renditions: [], counts: { listeners: 0 } };
  switch (id) {
    case "talk":
    case "talkpoll":
    case "talkbanned":
      return { ...live, hands: "open", chat: { mode: "open", slow_s: 0, links: false }, links: { ...live.links, api: "/api/v1" } };
    case "talkcalled":
      return {
        ...live, hands: "open", chat: { mode: "open", slow_s: 0, links: false }, links: { ...live.links, api: "/api/v1" },
        speakers: [...CAST, person("camille", "Camille Roy", "speaker", { connected: false })],
      };
    case "talkclosed":
      return { ...live, hands: "closed", chat: { mode: "off", slow_s: 0, links: false }, links: { ...live.links, api: "/api/v1" } };
    case "calm":
    case "handed":
    case "turn":
    case "long":
    case "full":
    case "broken":
    case "gap":
      return live;
    case "lone":
      return { ...live, counts: { listeners: 1 }, speakers: CAST.slice(0, 1), title: "Essai", description: "" };
    case "packed":
    case "rising":
      return { ...live, counts: { listeners: 1_204_611 }, title: "The announcement" };
    case "crowd":
      return { ...live, counts: { listeners: 612_408 }, title: "The announcement" };
    case "empty":
      return { ...live, counts: { listeners: 0 } };
    case "scheduled":
      return { ...live, ...waiting, state: "scheduled", starts_at: soon(2_712_000), speakers: CAST.map((p) => ({ ...p, connected: false })) };
    case "soon":
      return Date.now() < Date.parse(BEGINS)
        ? { ...live, ...waiting, state: "scheduled", starts_at: BEGINS }
        : { ...live, started_at: BEGINS };
    case "onward":
      return {
        ...live, title: "Budget night, second room", counts: { listeners: 311 }, host: { handle: "tom", display_name: "Tom Okafor" },
        speakers: [person("tom", "Tom Okafor", "host"), person("mina", "Mina Haddad", "speaker")],
      };
    case "captioned":
      return { ...live, captions: "human" };
    case "members":
      return { ...live, visibility: "members", description: "", host: { handle: "", display_name: "" }, speakers: [], counts: { listeners: 0 }, renditions: [] };
    case "passfull":
      return { ...live, visibility: "members" };
    case "cancelled":
      return { ...live, ...waiting, state: "ended", end_reason: "cancelled", ended_at: soon(-60_000), speakers: [] };
    case "recorded":
      return { ...live, recording: true };
    case "acting":
      return { ...live, acting_host: "tom", speakers: CAST.map((p) => ({ ...p, connected: p.handle === "tom" })) };
    case "early":
      return { ...live, state: "scheduled", starts_at: LATER, started_at: null, speakers: CAST.map((p) => ({ ...p, connected: false })) };
    case "awaited":
      return {
        ...live, state: "scheduled", starts_at: soon(-30_000), started_at: null,
        speakers: CAST.map((p) => ({ ...p, connected: false })),
      };
    case "postponed":
      return {
        ...live, state: "scheduled", starts_at: LATER, started_at: null, reason: "postponed",
        speakers: CAST.map((p) => ({ ...p, connected: false })),
      };
    case "heldacting":
      return { ...live, state: "held", acting_host: "tom", speakers: CAST.map((p) => ({ ...p, connected: false })) };
    case "replayed":
    case "making":
    case "deleted":
      return {
        ...live, state: "ended", ended_at: soon(-60_000), renditions: [], sequence: null, speakers: [],
        links: { ...live.links, replay: `/replay/${id}` },
      };
    case "held":
      return { ...live, state: "held", speakers: CAST.map((p) => ({ ...p, connected: false })) };
    case "ended":
      return { ...live, state: "ended", ended_at: soon(-60_000), renditions: [], sequence: null, speakers: [] };
    default:
      return null;
  }
}

/** Why it is as it is, for the `state` event. */
export function reasonOf(id: string): string | null {
  return { held: "nobody-connected", heldacting: "nobody-connected", awaited: "waiting-for-host", postponed: "postponed" }[id] ?? null;
}
