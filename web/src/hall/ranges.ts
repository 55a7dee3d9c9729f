/** Where the playing point stands among the buffered ranges, in seconds of media time. */

export interface Range {
  start: number;
  end: number;
}

/** Ranges closer than this are one: codecs round their edges. */
const SEAM_S = 0.05;

export interface Standing {
  /** Seconds buffered without a hole in front of the playing point. */
  aheadS: number;
  /** Where sound goes on after the hole in front, or null when there is none yet. */
  next: number | null;
}

export function rangesOf(buffered: TimeRanges): Range[] {
  return Array.from({ length: buffered.length }, (_, i) => ({ start: buffered.start(i), end: buffered.end(i) }));
}

/** Tells what is in front of `at`. `ranges` are in order, as browsers give them. */
export function standing(ranges: Range[], at: number): Standing {
  let edge = at;
  for (const range of ranges) {
    if (range.end <= edge) continue;
    if (range.start > edge + SEAM_S) return { aheadS: edge - at, next: range.start };
    edge = range.end;
  }
  return { aheadS: edge - at, next: null };
}
