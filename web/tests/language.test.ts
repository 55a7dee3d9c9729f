import { describe, expect, it } from "vitest";
import { clock, initials, number, seconds, span } from "../src/shared/format";
import { chosen } from "../src/shared/language";
import { fr as hall } from "../src/hall/words/fr";
import { fr as studio } from "../src/studio/words/fr";

describe("the language", () => {
  it.each([
    [null, ["de-DE", "fr-CA", "en"], "fr"],
    [null, ["en-US"], "en"],
    [null, ["ja"], "en"],
    [null, [], "en"],
    ["fr", ["en-US"], "fr"],
    ["xx", ["fr"], "fr"],
  ])("kept %j, wanted %j: %s", (stored, wanted, expected) => {
    expect(chosen(stored, wanted)).toBe(expected);
  });
});

it("writes numbers, times and spans as people do", () => {
  expect(number(612408, "en")).toBe("612,408");
  expect(number(612408, "fr")).toBe("612\u202f408");
  expect([seconds(1_840, "en"), seconds(1_840, "fr"), seconds(12_400, "en"), seconds(-5, "en")]).toEqual(["1.8", "1,8", "12", "0.0"]);
  expect([clock(0), clock(65_900), clock(3_845_000), clock(-1)]).toEqual(["0:00", "1:05", "1:04:05", "0:00"]);
  expect([span(400), span(59_000), span(61_000), span(3_840_000)]).toEqual(["0 s", "59 s", "1 min", "1 h 04 min"]);
});

it("stands for a person with their letters", () => {
  expect([initials("Ana Lefèvre"), initials("élodie"), initials("Jean de La Tour"), initials(" ")]).toEqual(["AL", "É", "JT", ""]);
});

it("sets French as French is set: typographic apostrophes, no-break spaces before double signs", () => {
  const sayings = (value: unknown): string[] => {
    if (typeof value === "string") return [value];
    if (typeof value === "function") {
      const text = Function.prototype.toString.call(value);
      return [...text.matchAll(/"[^"]*"|`[^`]*`/g)].map(([quoted]) => quoted.slice(1, -1).replace(/\$\{[^}]*\}/g, "x"));
    }
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(sayings) : [];
  };
  const all = [...sayings(hall), ...sayings(studio)];
  expect(all.length).toBeGreaterThan(150);
  expect(all.filter((text) => /'| [:;?!»]|« /.test(text))).toEqual([]);
});
