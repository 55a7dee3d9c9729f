/** English: the plan of a Space, and the sound check. */

import { clock, dayAndTime, number, timeOfDay } from "../../shared/format";
import { at } from "../../shared/handle";
import type { IfAbsent, RecordingMode, Standby } from "../types";

export const enPlan = {
  zone: "Time zone",
  alsoAt: (own: string, utc: string) => `Where you are: ${own}. In UTC: ${utc}.`,
  inWords: (at: Date) => dayAndTime(at, "en"),
  timePast: "This time is past.",
  noSuchTime: "That is no time.",
  more: "More: standby sound, who takes over, how long it stays open",
  inShort: "In short",

  recording: "Recording",
  recordingChoice: {
    off: "Not recorded",
    program: "Record what the audience hears",
    tracks: "Record it, and each voice by itself",
  } satisfies Record<RecordingMode, string>,
  recordingHint: {
    off: "Nothing is kept.",
    program: "For a replay, clips and a podcast. Everybody on stage sees that it is recorded.",
    tracks: "For editing afterwards. Everybody on stage sees that their voice is recorded by itself.",
  } satisfies Record<RecordingMode, string>,

  standby: "While nobody speaks, the audience hears",
  standbyChoice: {
    silence: "Silence",
    tone: "A quiet chord",
    notice: "A voice that asks them to stay",
    loop: "A sound of yours",
  } satisfies Record<Standby, string>,
  hear: "Hear it",
  hearStop: "Stop",
  hearFailed: "This browser can't play it; the server may still.",
  loopChoose: "Choose a sound",
  loopOther: "Choose another",
  loopHint: "1 to 30 seconds, up to 5 MB. It goes round and round without a seam.",
  loopThere: "Your sound is in place.",
  loopTooBig: "That file has more than 5 MB.",

  autoStart: "Go on air by itself at that time",
  autoStartHint: "Otherwise you press the button.",
  ifAbsent: "If I am not there by then",
  ifAbsentChoice: {
    hold: "Wait for me or a co-host, with the standby sound",
    acting: "Begin with whoever is there",
    postpone: "Put it off",
  } satisfies Record<IfAbsent, string>,
  postponeBy: "By how much",
  minutes: (n: number) => (n === 1 ? "1 minute" : `${number(n, "en")} minutes`),
  hours: (n: number) => (n === 1 ? "1 hour" : `${number(n, "en")} hours`),
  days: (n: number) => (n === 1 ? "1 day" : `${number(n, "en")} days`),
  seconds: (n: number) => (n === 1 ? "1 second" : `${number(n, "en")} seconds`),

  grace: "If I drop out, somebody takes over",
  atOnce: "at once",
  after: (time: string) => `after ${time}`,
  successors: "Who takes over",
  successorsHint: "Co-hosts come first. Then the speakers named here: of those who are there, whoever has been on stage the longest.",
  successorAdd: "Add",
  successorHandle: "Handle of a speaker",
  successorRemove: (handle: string) => `${at(handle)} no longer takes over`,
  keepOpen: "If the stage is empty, keep it open for",
  keepOpenEver: "until somebody ends it",

  shortStart: (at: Date) => `On air by itself on ${dayAndTime(at, "en")}.`,
  shortAnnounced: (at: Date) => `Announced for ${dayAndTime(at, "en")}; you press the button.`,
  shortNow: "On air when you press the button.",
  shortAbsent: {
    hold: "Without you it waits, for you or a co-host.", acting: "Without you it begins with whoever is there.", postpone: "If you are late it is put off.",
  },
  shortTakeOver: (when: string) => `If you drop out, somebody takes over ${when}.`,

  plan: "The plan",
  planEdit: "Change the plan",
  planSave: "Save",
  planSaved: "Saved.",
  undo: "Undo",
  planBegun: "It has begun: the time can't change any more.",

  goLiveIn: (left: string) => `On air in ${left}`,
  goLiveNow: "On air any moment",
  byItself: (at: Date) => `At ${timeOfDay(at, "en")} it goes on air by itself, to the second.`,
  byHand: (at: Date) => `Announced for ${timeOfDay(at, "en")}. You press the button.`,
  andIfAbsent: {
    hold: "Without a host or co-host on stage, the audience waits with the standby sound.",
    acting: "If the host is not there, it begins with whoever is.",
    postpone: "If the host is not there, it is put off.",
  } satisfies Record<IfAbsent, string>,
  connectFirst: "You are not on stage yet: connect your microphone.",
  wasPostponed: (times: number, at: Date) =>
    `The host was not there, so it was put off${times > 1 ? ` (${times} times)` : ""}: ${dayAndTime(at, "en")}.`,
  hostAwaited: "It is time. The audience hears the standby sound until the host or a co-host is on stage.",
  lateBy: (ms: number) => `Late by ${clock(ms)}`,

  check: { good: "Sounds good", fair: "Could be better", bad: "Has to be mended", waiting: "Listening…" },
  advice: {
    "too-quiet": "Too quiet: come closer, or turn the microphone up.",
    "too-loud": "Too loud: move back a little.",
    clipping: "It crackles: turn the microphone down.",
    noisy: "Noise behind the voice: close a window, or try another room.",
    echo: "Others hear themselves come back: put on headphones.",
    lossy: "The network drops sound: try a cable, or another Wi-Fi.",
    far: "Everything arrives late: the connection is slow.",
    unsteady: "The connection is uneven: try a cable, or another Wi-Fi.",
    "no-sound": "No sound arrives: is it the right microphone, is it switched on?",
    "say-something": "Say a few sentences.",
  } as Record<string, string | undefined>,
  checkOf: (name: string) => `Sound check of ${name}`,
};
