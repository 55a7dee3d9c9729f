/** Reads WebVTT (W3C WebVTT §6) as far as captions of speech need it: times, the voice, the words. */

export interface Cue {
  start_s: number;
  end_s: number;
  speaker: string;
  text: string;
}

const TIMES = /^(?:(\d+):)?(\d\d):(\d\d)\.(\d{3})\s+-->\s+(?:(\d+):)?(\d\d):(\d\d)\.(\d{3})/;
const VOICE = /^<v(?:\.[^\s>]*)?\s+([^>]*)>/;
const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", nbsp: "\u00a0", lrm: "\u200e", rlm: "\u200f" };

/** The cues of a file, in its order. What is no cue is left out. */
export function captionsOf(file: string): Cue[] {
  const blocks = file.replace(/\r\n?/g, "\n").replace(/^\ufeff/, "").split(/\n{2,}/);
  return blocks.flatMap((block) => {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => TIMES.test(line));
    const times = TIMES.exec(lines[at] ?? "");
    if (times === null) return [];
    const words = lines.slice(at + 1).join(" ").trim();
    const speaker = VOICE.exec(words)?.[1] ?? "";
    return [{ start_s: seconds(times, 1), end_s: seconds(times, 5), speaker: plain(speaker), text: plain(words) }];
  });
}

function seconds(times: RegExpExecArray, first: number): number {
  const [hours, minutes, whole, thousandths] = [0, 1, 2, 3].map((i) => Number(times[first + i] ?? 0)) as
    [number, number, number, number];
  return hours * 3_600 + minutes * 60 + whole + thousandths / 1_000;
}

/** Without tags, entities read. */
function plain(text: string): string {
  return text.replace(/<[^>]*>/g, "").replace(/&(\w+);/g, (entity, name: string) => ENTITIES[name] ?? entity).trim();
}
