/** English: captions. */

const list = (names: string[]): string => new Intl.ListFormat("en-GB").format(names);
const language = (code: string): string => new Intl.DisplayNames("en", { type: "language" }).of(code) ?? code;

export const enCaptions = {
  captions: "Captions",
  captionsModes: { off: "None", automatic: "By a machine", human: "By people" },
  captionsNoMachine: (languages: string[]) =>
    languages.length === 0
      ? "No machine captions here just now: nothing will be shown. People can."
      : `The machine here knows ${list(languages.map(language))} only: nothing will be shown. People can caption any language.`,
  captionsBy: "Who writes, beside hosts",
  captionsByHint: "Handles, with spaces between. They write on this Space's studio page and need no seat.",
  captionsPage: "The page to send them",
  captionsLine: "What is being said",
  captionsCorrecting: "Correct this line; empty takes it back",
  captionsCorrect: "Correct",
  captionsSent: "Lines sent",
  captionsHint: "Enter sends the line, at the time of its first letter. Arrow up corrects the last one.",
  captionsNotYet: "You can write as soon as the Space is on air.",
  captionsListen: "You caption this Space.",
  captionsOpenHall: "Open the hall to listen",
};
