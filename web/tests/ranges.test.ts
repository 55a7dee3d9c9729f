import { expect, it } from "vitest";
import { standing } from "../src/hall/ranges";

it.each([
  ["nothing buffered", [], 3, { aheadS: 0, next: null }],
  ["inside a range", [[0, 10]], 4, { aheadS: 6, next: null }],
  ["a hole far in front", [[0, 10], [12, 20]], 4, { aheadS: 6, next: 12 }],
  ["at the edge of a hole", [[0, 10], [12, 20]], 10, { aheadS: 0, next: 12 }],
  ["in a hole", [[0, 10], [12, 20], [30, 40]], 11, { aheadS: 0, next: 12 }],
  ["before the first", [[5, 9]], 0, { aheadS: 0, next: 5 }],
  ["past the last", [[5, 9]], 9.5, { aheadS: 0, next: null }],
  ["across a seam", [[0, 10], [10.02, 20]], 9, { aheadS: 11, next: null }],
  ["a start that a codec has rounded", [[0.021, 4]], 0, { aheadS: 4, next: null }],
] as const)("%s", (_, ranges, at, expected) => {
  expect(standing(ranges.map(([start, end]) => ({ start, end })), at)).toEqual(expected);
});
