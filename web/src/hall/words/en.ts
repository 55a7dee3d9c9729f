/** The hall in English. Short, and in words that one would say. */

import { clock, dayTimeAndZone, number, seconds, span, timeOfDay, timeToTheSecond } from "../../shared/format";
import { at } from "../../shared/handle";
import type { Scale } from "../../square/geometry";

const count = (n: number, one: string, many: string): string => `${number(n, "en")} ${n === 1 ? one : many}`;

export const en = {
  tabTitle: (title: string) => `${title} · Parvis`,
  otherLanguage: "Passer en français",
  hostedBy: (name: string) => `with ${name}`,
  badge: { scheduled: "Upcoming", live: "Live", held: "On hold", ended: "Over" },

  controls: "Controls",
  listen: "Listen",
  pause: "Pause",
  waitHere: "Wait here",
  stopWaiting: "Stop waiting",
  joining: "Joining…",
  volume: "Volume",
  mute: "Mute",
  unmute: "Unmute",

  hand: "Raise hand",
  captions: "Captions",
  captionsSize: "Size of the captions",
  handUp: "Hand is up",
  handCalled: "You're called",
  chat: "Chat",
  chatNew: (n: number) => (n === 0 ? "Chat" : `Chat, ${n > 99 ? "more than 99" : n} new`),
  loading: "One moment…",
  reactions: "React",
  reaction: ["Applause", "Love it", "That's funny", "Wow", "On fire", "I agree", "Congratulations", "Thank you"],
  reactionsHeard: "Reactions",
  poll: "Poll",
  pollClosed: "Poll, closed",
  pollVotes: (n: number) => (n === 0 ? "No votes yet" : count(n, "vote", "votes")),
  pollEnds: (ms: number) => `Closes in ${clock(ms)}`,
  pollShare: (share: number, votes: number) => `${Math.round(share * 100)} %, ${count(votes, "vote", "votes")}`,
  pollYours: "your vote",
  pollThanks: "Your vote is in.",
  pollRefused: (code: string): string =>
    code === "poll-closed" ? "The poll closed before your vote was in." :
    code === "too-many-requests" ? "Too many votes came from your network. Yours doesn't count." : "Your vote didn't get through. Tap again.",

  listening: (n: number) => (n === 0 ? "Nobody is listening yet" : count(n, "person listening", "people listening")),
  waitingFor: (n: number) => (n === 0 ? "Nobody is waiting yet" : count(n, "person waiting", "people waiting")),
  scale: (scale: Scale) => (scale === 1 ? "One point is one person." : `One point is ${number(scale, "en")} people.`),
  squareLabel: (listeners: number, speaking: string | null) =>
    `The square: ${count(listeners, "listener", "listeners")} around the stage` +
    (speaking === null ? "." : `, ${speaking} speaking.`),
  onStage: "On stage",
  nobodyOnStage: "Nobody is on stage yet.",
  role: { host: "host", "co-host": "co-host", speaker: "speaker" },
  actingRole: "acts as host",
  acting: (name: string) => `We lost the host. The Space stays open; ${name} acts as host.`,
  recording: "Recording",
  recordingHint: "What is said here is being recorded, and will be there to hear later.",
  speaking: (name: string) => `${name} is speaking`,
  muted: "muted",
  away: "not connected",
  quiet: "Nobody is speaking",

  delay: (ms: number) => `${seconds(ms, "en")} s`,
  behind: "behind the stage",
  delayTitle: "Why is there a delay?",
  delayWhy: (delayMs: number, aheadMs: number) =>
    `What you hear left the stage ${seconds(delayMs, "en")} s ago. About ${seconds(aheadMs, "en")} s of it waits in ` +
    "your browser, so that a weak network doesn't tear the sound. When a crowd arrives the delay grows; the " +
    "sound doesn't stop.",
  delayCrowded: (burstMs: number) =>
    `The square is very full, so the sound comes ${seconds(burstMs, "en")} s at a time: that lets everybody stay.`,
  delayWinning: "There is more room again: it plays a little faster until you are close to the stage.",
  delaySound: "Sound",
  delayLost: "Sound missed so far",
  delayNone: "none",
  delayLostValue: (ms: number, gaps: number) => `${seconds(ms, "en")} s, in ${count(gaps, "place", "places")}`,
  rendition: { opus: "Opus", aac: "AAC" },

  scheduled: (at: Date) => `Begins ${dayTimeAndZone(at, "en")}`,
  scheduledUnknown: "Not begun yet",
  scheduledIn: (ms: number) => (ms > 86_400_000 ? `in ${count(Math.floor(ms / 86_400_000), "day", "days")}` : clock(ms)),
  scheduledLate: "Any moment now",
  scheduledHint: "Tap “Wait here” and the sound starts by itself, from the first word.",
  scheduledArmed: "You're in your place. The sound starts by itself, from the first word.",
  scheduledOpen: "Tap “Listen”: you hear the standby sound now, and the first word by itself.",
  scheduledHeard: "What you hear until then is the standby sound. The first word comes by itself.",
  hostAwaited: "Waiting for the host",
  hostAwaitedHint: "It was to begin now. It begins as soon as the host is here; there is nothing to do.",
  postponed: (at: Date) => `Put off to ${dayTimeAndZone(at, "en")}`,
  postponedHint: "The host couldn't be here at the announced time.",
  connecting: "Taking you in…",
  buffering: "Gathering sound…",
  bufferingHint: "Your network is slow just now. It goes on by itself.",
  reconnecting: (silentMs: number) => `No sound for ${span(silentMs)}`,
  reconnectingHint: "The connection broke. We're reconnecting, and go on where you were.",
  missed: (ms: number) => `${seconds(ms, "en")} s of sound were lost`,
  missedHint: "The connection was away for too long to fetch them again. You're back.",
  waiting: "The square is full for a moment",
  waitingHint: (at: Date, inMs: number) =>
    `Your place is kept for ${timeOfDay(at, "en")}, in ${span(inMs)}. You'll be let in by itself; nothing to do.`,
  appointment: (ahead: number, at: Date) =>
    `${ahead === 0 ? "Nobody is" : count(ahead, "person is", "people are")} ahead of you. ` +
    `You join at ${timeToTheSecond(at, "en")}, by itself.`,
  appointmentNow: "Any second now",
  kept: "Your place is kept",
  keptHint: (at: Date) =>
    `You join at ${timeToTheSecond(at, "en")}. Tap “Listen” once, so that your browser may play the sound.`,
  keptNow: "It is your turn: tap “Listen” and you are in.",
  crowded: "The square is very full",
  crowdedHint: (delayMs: number) =>
    `You are ${number(Math.round(delayMs / 1000), "en")} s behind the stage so that everybody can stay.`,
  crowdedAloud: "The square is very full: you hear the stage some seconds later, so that everybody can stay.",
  held: "The stage is empty for a moment",
  heldHint: "Everybody on it left or lost the connection. The Space stays open: the sound returns with the first who is back.",
  heldActing: (name: string) => `Until the host is back, ${name} acts as host.`,
  handed: (title: string) => `You are now listening to “${title}”.`,
  handedShown: (title: string) => `It goes on here: “${title}”.`,
  handedGoing: (host: string) => `It goes on at ${host}. Taking you there…`,
  handedAway: (host: string) => `It goes on at ${host}, which doesn't answer just now.`,
  handedElsewhere: (host: string) => `The sound now comes from ${host}.`,
  handedOpen: "Open it there",
  handedBy: (handle: string) => `Decided by ${at(handle)}.`,
  dismiss: "Close this notice",
  ended: "This Space is over",
  endedHint: (lastedMs: number | null) =>
    lastedMs === null ? "Thank you for coming." : `It lasted ${span(lastedMs)}. Thank you for coming.`,
  replayMaking: "The replay is being made. It appears here by itself.",
  replayDeleted: "The host has deleted the replay.",
  replayAway: "The replay doesn't answer just now; we'll ask again.",
  calledOff: "Called off",
  cancelled: "This Space was called off",
  cancelledHint: "It will not take place. Whoever has it in a calendar is told there, too.",
  remind: "Remind me",
  members: "This Space is for members",
  membersHint: "Open the link that you were sent, the whole of it: what lets you in is at its end.",
  passOver: "Your link is not good any more. Ask whoever sent it for another.",
  passFull: "Your link is in use",
  passFullHint: "As many listen by it as it is for. Ask whoever sent it for one of your own, or try again later.",
  banned: "You were banned from this Space",
  bannedHint: "The sound has ended for you. The reason is under “Raise hand”.",
  askAgain: "Ask again",
  whoIsHere: "Who is here?",
  openHall: "Open in Parvis",
  unknown: "There is no Space here",
  unknownHint: "The link may be cut short. Ask whoever sent it for the whole one.",
  offline: "You're offline",
  offlineHint: "The sound comes back as soon as your network does.",
  refused: "One more tap",
  refusedHint: "Your browser only plays sound when you ask for it.",
  unsupported: "This browser can't play the live sound",
  unsupportedHint: "It plays in current versions of Chrome, Firefox, Edge and Safari (iOS 17.1 or later).",
};

export type Words = typeof en;
