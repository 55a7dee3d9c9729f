import { describe, expect, it } from "vitest";
import { embedCode } from "../src/studio/embed";
import { asLines, namesOf, sorted, stateOfPass, type Pass } from "../src/studio/passes";
import { nextTime } from "../src/studio/plan";
import { languages, nameOfLanguage } from "../src/studio/spoken";
import { takeTopics } from "../src/studio/topics";
import { en } from "../src/studio/words/en";
import { fr } from "../src/studio/words/fr";

const nowMs = Date.parse("2026-11-22T20:00:00Z");

describe("topics", () => {
  it("are taken apart at commas, without the marks and spaces around", () => {
    expect(takeTopics(["Budget"], " #Écoles ,  santé   publique,, ")).toEqual({
      topics: ["Budget", "Écoles", "santé publique"], refused: null, rest: "",
    });
  });

  it("are each there once, whatever their case or composition", () => {
    expect(takeTopics(["École"], "E\u0301COLE")).toMatchObject({ topics: ["École"], refused: "twice" });
  });

  it("that are refused stay in the field, with what comes after", () => {
    expect(takeTopics(["a", "b", "c", "d"], "e, f, g")).toEqual({ topics: ["a", "b", "c", "d", "e"], refused: "many", rest: "f, g" });
    expect(takeTopics([], `${"x".repeat(31)}, y`)).toMatchObject({ topics: [], refused: "long" });
    expect(takeTopics([], "🎻".repeat(30)).refused).toBeNull();
  });
});

const pass = (rest: Partial<Pass> = {}): Pass => ({
  id: "p", link: "https://a.example/s/k3v9#pass=x", label: "Press", uses: 1, listeners: 0, created_at: "2026-11-22T19:00:00Z",
  expires_at: null, void_at: null, void_reason: null, ...rest,
});

describe("passes", () => {
  it.each<[Partial<Pass>, string]>([
    [{}, "good"],
    [{ expires_at: "2026-11-22T20:00:01Z" }, "good"],
    [{ expires_at: "2026-11-22T20:00:00Z" }, "expired"],
    [{ void_at: "2026-11-22T19:30:00Z", void_reason: "shared" }, "shared"],
    [{ void_at: "2026-11-22T19:30:00Z", void_reason: "banned" }, "banned"],
    [{ void_at: "2026-11-22T19:30:00Z", void_reason: "revoked", expires_at: "2026-11-22T19:00:00Z" }, "revoked"],
  ])("with %j are %s", (rest, state) => {
    expect(stateOfPass(pass(rest), nowMs)).toBe(state);
  });

  it("are made one a name, or one without a name", () => {
    expect(namesOf(" Newsroom \n\n Jury,  table 4\n")).toEqual(["Newsroom", "Jury, table 4"]);
    expect(namesOf(" \n ")).toEqual([""]);
  });

  it("are listed with those in use first, and those that stopped apart", () => {
    const all = [pass({ id: "idle" }), pass({ id: "used", listeners: 3 }), pass({ id: "old", expires_at: "2026-11-01T00:00:00Z" })];
    const { good, over } = sorted([...all, pass({ id: "other", label: "Jury" })], "press", nowMs);
    expect([good.map(({ id }) => id), over.map(({ id }) => id)]).toEqual([["used", "idle"], ["old"]]);
  });

  it("are pasted as lines of a table", () => {
    expect(asLines([pass(), pass({ label: "", link: "https://a.example/s/k3v9#pass=y" })])).toBe(
      "Press\thttps://a.example/s/k3v9#pass=x\nhttps://a.example/s/k3v9#pass=y",
    );
  });
});

describe("a copy takes place", () => {
  it.each([
    ["a week later", "2026-11-22T19:00:00Z", "2026-11-22T20:00:00Z", "2026-11-29T20:00"],
    ["at the same hour of the clock when that was changed", "2026-10-20T18:00:00Z", "2026-10-21T00:00:00Z", "2026-10-27T20:00"],
    ["the next of many weeks later", "2026-01-04T19:00:00Z", "2026-11-24T00:00:00Z", "2026-11-29T20:00"],
    ["at the next hour when there was no time", null, "2026-11-22T18:20:00Z", "2026-11-22T20:00"],
  ])("%s", (_, was, now, local) => {
    expect(nextTime(was, "Europe/Paris", new Date(now))).toBe(local);
  });
});

it("gives a frame that no title breaks out of", () => {
  const code = embedCode({ title: `"><script>x</script> L'été & co`, links: { embed: "https://a.example/embed/k3v9" } });
  expect(code).toBe(
    '<iframe src="https://a.example/embed/k3v9" width="480" height="180" ' +
    'title="&quot;&gt;&lt;script&gt;x&lt;/script&gt; L&#x27;été &amp; co" allow="autoplay" loading="lazy" style="border:0"></iframe>',
  );
});

it("names languages as who speaks them does", () => {
  expect(["fr", "de", "zz-nonsense-"].map(nameOfLanguage)).toEqual(["Français", "Deutsch", "zz-nonsense-"]);
  expect(languages("gsw")).toContain("gsw");
  expect(languages("fr").filter((tag) => tag === "fr")).toHaveLength(1);
});

it("says what a calling off does, and to whom", () => {
  expect(en.callOffWhat(1, 12, true)).toContain("12 people who are waiting there will read it now. 1 other person loses their seat.");
  expect(en.callOffWhat(0, 0, false)).not.toMatch(/calendar|waiting|seat/);
  expect(fr.callOffWhat(1, 1, true)).toContain("1 personne qui y attend le lira à l’instant. 1 autre personne perd sa place sur scène.");
  expect(fr.passRevokeWhat(2)).toContain("2 personnes qui écoutent avec n’entendront plus rien");
});
