import { describe, expect, it } from "vitest";
import { sharesOf } from "../src/hall/polls";
import { EMOJI, sampled } from "../src/hall/reactions";
import { en } from "../src/hall/words/en";
import { fr } from "../src/hall/words/fr";

const tally = (emoji: string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const one of emoji) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
};

describe("the pictures that stand for a sum of reactions", () => {
  it("are all of them while they are few", () => {
    expect(tally(sampled({ "👏": 2, "🔥": 1 }, 12))).toEqual({ "👏": 2, "🔥": 1 });
  });

  it("are more for more people, but never more than asked for", () => {
    const lengths = [0, 1, 4, 16, 300, 600_000].map((n) => sampled({ "👏": n }, 12).length);
    expect(lengths).toEqual([0, 1, 4, 6, 11, 12]);
  });

  it("keep the proportions", () => {
    expect(tally(sampled({ "👏": 300_000, "🔥": 200_000, "😂": 100_000 }, 12))).toEqual({ "👏": 6, "🔥": 4, "😂": 2 });
  });
});

it("each reaction has a word in both languages", () => {
  expect(en.reaction).toHaveLength(EMOJI.length);
  expect(fr.reaction).toHaveLength(EMOJI.length);
});

describe("the bars of a poll", () => {
  it("are shares of all votes", () => {
    expect(sharesOf({ choices: ["a", "b", "c"], counts: [3, 1, 0] })).toEqual([0.75, 0.25, 0]);
  });

  it("are empty while nobody has voted", () => {
    expect(sharesOf({ choices: ["a", "b"], counts: [0, 0] })).toEqual([0, 0]);
  });
});
