/** The replay in English. */

import { clock, dayTimeAndZone, number, span } from "../../../shared/format";
import { at } from "../../../shared/handle";

const mb = (bytes: number): string => number(Math.max(0.1, Math.round(bytes / 100_000) / 10), "en");

export const en = {
  badge: "Replay",
  heldOn: (at: Date, lasted_ms: number) => `${dayTimeAndZone(at, "en")} · ${span(lasted_ms)}`,
  peak: (n: number) => (n === 1 ? "1 person at once at most" : `${number(n, "en")} people at once at most`),
  squareLabel: (n: number, speaking: string | null) =>
    `The square as it was, ${n === 1 ? "1 listener" : `${number(n, "en")} listeners`} around the stage` +
    (speaking === null ? "." : `, ${speaking} speaking.`),
  speaking: (name: string) => `${name} is speaking`,
  quiet: "Nobody is speaking",
  play: "Play",
  pause: "Pause",
  back: "Back 15 seconds",
  forward: "Forward 15 seconds",
  speed: "Speed",
  seek: "Position",
  position: (at_ms: number, of_ms: number, who: string | null) =>
    `${clock(at_ms)} of ${clock(of_ms)}${who === null ? "" : `, ${who}`}`,
  gathering: "Gathering sound…",
  failed: "The sound can't be had just now. Press play to try again.",
  unplayable: "This browser can't play the recording, but you can download it.",
  lost: (ms: number) => `${span(ms)} of sound never reached us; they are silent here.`,
  silenced: (ms: number) => `${span(ms)} were silenced by the hosts.`,
  chapters: "Who spoke when",
  floor: (ms: number) => `had the floor for ${span(ms)}`,
  lane: (name: string) => `When ${name} spoke`,
  captions: "Captions",
  chat: "Chat",
  chatEmpty: "Nothing had been written yet.",
  share: "Share from here",
  shared: "Link copied",
  download: "Take it along",
  file: { aac: (bytes: number) => `M4A, ${mb(bytes)} MB`, opus: (bytes: number) => `Opus, ${mb(bytes)} MB` },
  clips: "Clips",
  clip: "Clip",
  clipBy: (handle: string, ms: number) => `${span(ms)}, chosen by ${at(handle)}`,
  whole: "Hear the whole Space",
  clipGone: "That clip is not there any more. Here is the whole Space.",
  keys: "Keys: space plays and pauses, J and L go 15 s back and forth, N and P change the speaker, < and > the speed.",
};

export type Words = typeof en;
