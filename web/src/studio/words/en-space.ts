/** English: how a Space is shown, who may come, passes, what others can do with its link, calling it off, copying it. */

import { dayAndTime, number } from "../../shared/format";
import type { Visibility } from "../types";

const count = (n: number, one: string, many: string): string => `${number(n, "en")} ${n === 1 ? one : many}`;

export const enSpace = {
  spaceCard: "What people see",
  spaceEdit: "Change it",
  noDescription: "No description yet.",
  look: "Topics, picture, language",
  lookShort: (topics: string[], cover: boolean, language: string) =>
    [topics.length === 0 ? "no topics" : topics.join(", "), cover ? "with a picture" : "no picture", language].join(" · "),

  visibility: "Who may listen",
  visibilities: {
    public: "Everybody: it is listed on the home page",
    unlisted: "Whoever has the link: it is listed nowhere",
    members: "Members: whoever has a pass of yours",
  } satisfies Record<Visibility, string>,
  visibilityShort: { public: "Public", unlisted: "By link only", members: "For members" } satisfies Record<Visibility, string>,
  visibilityHints: {
    public: "Search, your profile and your feeds show it, too.",
    unlisted: "Links get passed on: it is quiet, not closed.",
    members: "Everybody else sees the title, and whether it is on. You hand out passes on the next screen.",
  } satisfies Record<Visibility, string>,
  visibilityNow: "Those who listen now without a pass may stay until they leave.",

  topics: "Topics",
  topicsHint: "Up to 5, to be found by. Enter or a comma adds one.",
  topicAdd: "Add",
  topicRemove: (topic: string) => `Remove the topic ${topic}`,
  topicRefused: {
    long: "A topic has at most 30 characters.", many: "5 topics are as many as there can be.", twice: "It is there already.",
  },

  cover: "Picture",
  coverHint: "JPEG, PNG, WebP or GIF, up to 5 MB. It is cut to 16 by 9.",
  coverChoose: "Choose a picture",
  coverOther: "Choose another",
  coverDrop: "Remove it",
  coverKeep: "Keep it after all",
  coverGoes: "It goes when you save.",
  coverAlt: "The picture of this Space",
  coverTooBig: "That file has more than 5 MB.",

  passes: "Passes",
  passesHint: "A pass is a link that lets in. How many may listen by it at once is up to you: one that is shared too widely stops by itself.",
  passesNone: "Nobody has a pass yet, so nobody but the stage can listen.",
  passesOpen: "Passes count only while the Space is for members. Now nobody needs one.",
  passesCount: (n: number, listening: number) =>
    `${count(n, "pass", "passes")}, ${listening === 0 ? "nobody listening" : `${number(listening, "en")} listening`}`,
  passNew: "Make passes",
  passNames: "For whom",
  passNamesHint: "One a line makes one pass each. Only you and your co-hosts read this.",
  passNamesExample: "Newsroom\nJury, table 4",
  passUses: "How many may listen by each",
  passUsesChoice: (n: number) => (n === 1 ? "One person" : `Up to ${number(n, "en")}`),
  passFor: "Good for",
  passForChoice: (s: number) =>
    s === 0 ? "As long as the Space" : s >= 86_400 ? count(s / 86_400, "day", "days") : count(s / 3_600, "hour", "hours"),
  passMake: (n: number) => (n > 1 ? `Make ${number(n, "en")} passes` : "Make the pass"),
  passMaking: (done: number, n: number) => `${number(done, "en")} of ${number(n, "en")} made…`,
  passTooMany: "At most 50 at once.",
  passNameLong: (name: string) => `“${name}…” is longer than 60 characters.`,
  passMade: (n: number) => `${n === 1 ? "The pass is" : `${number(n, "en")} passes are`} made.`,
  passCopyAll: "Copy all of them, with names",
  passUnnamed: "No name",
  passUse: (listening: number, uses: number) => `${number(listening, "en")} of ${number(uses, "en")} listening`,
  passUntil: (at: Date) => `until ${dayAndTime(at, "en")}`,
  passIs: { revoked: "Taken back", shared: "Stopped: shared too widely", banned: "Stopped: its holder was banned", expired: "Expired" },
  passCopy: "Copy link",
  passCopyOf: (name: string) => `Copy the link of ${name}`,
  passRevoke: "Take back",
  passRevokeOf: (name: string) => `Take back the pass of ${name}`,
  passRevokeAsk: (name: string) => `Take back the pass of ${name}?`,
  passRevokeWhat: (listening: number) =>
    [
      listening === 0 ? "Nobody is listening by it now."
        : `${count(listening, "person who listens", "people who listen")} by it will hear nothing more, within a second.`,
      "It stays void; you can make a new one.",
    ].join(" "),
  passSearch: "Find a pass",
  passMore: (n: number) => `Show more, ${number(n, "en")} left`,
  passesVoid: (n: number) => `${count(n, "pass", "passes")} no longer good`,

  shareMembers: "This link alone lets nobody in: it shows the title. Send passes.",
  shareUnlisted: "Whoever has this link can listen, without an account.",
  shareSend: "Send…",
  embedCode: "Embed it in a page",
  embedHint: "A player of 480 by 180 pixels, without cookies. It becomes the replay by itself.",
  embedMembers: "A Space for members can't be embedded: the pass is in each reader's own link.",
  moreLinks: "Embed, calendar, other players",
  calendarLink: "Calendar entry",
  calendarHint: "It reminds ten minutes before, and follows when the time changes.",
  playlistLink: "For radios and players",
  playlistHint: "Opens in VLC, in podcast apps, on a radio.",

  callOff: "Call it off",
  callOffNo: "Keep it",
  callOffShort: "Call it off",
  callOffAsk: "Call this Space off?",
  callOffWhat: (seats: number, listeners: number, hasTime: boolean) =>
    [
      "It will not take place, and can't be brought back.",
      ...(hasTime ? ["In the calendars of those who took it, it is struck out."] : []),
      "Whoever opens the link reads that it was called off.",
      ...(listeners > 0 ? [`${count(listeners, "person who is", "people who are")} waiting there will read it now.`] : []),
      ...(seats > 0 ? [`${count(seats, "other person loses", "other people lose")} their seat.`] : []),
      "Invitations and passes stop working.",
    ].join(" "),
  calledOff: "Called off",
  calledOffHint: "It will not take place. Calendars and the link say so.",

  duplicate: "Make a copy",
  duplicateAgain: "Make another like it",
  duplicateAsk: "Make a copy of this Space",
  duplicateWhat: "Words, topics, picture and settings come along; seats, passes and chat don't. This one stays as it is.",
  duplicateAct: "Make the copy",


  publicLinks: "What others can follow",
  profileLink: "Your page",
  feedLink: "Podcast feed",
  feedHint: "For podcast apps: replays that are public, and what is on now.",
  calendarOfMine: "Calendar of your Spaces",
  calendarOfMineHint: "For those who subscribe: every public Space of yours, as soon as it is announced.",
};
