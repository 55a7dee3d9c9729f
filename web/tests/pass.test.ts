import { beforeEach, describe, expect, it, vi } from "vitest";
import { passFor, passHeaders, passIn, withPass } from "../src/hall/pass";

const here = { id: "abc", origin: "", via: null };

describe("the pass in an address", () => {
  it("is taken out, and the rest stays", () => {
    expect(passIn("#pass=a.b-c_d")).toEqual({ pass: "a.b-c_d", rest: "" });
    expect(passIn("#t=30&pass=a.b")).toEqual({ pass: "a.b", rest: "#t=30" });
    expect(passIn("#t=30")).toEqual({ pass: null, rest: "#t=30" });
    expect(passIn("")).toEqual({ pass: null, rest: "" });
  });

  it("is none when it could not be a header", () => {
    for (const bad of ["", "a b", "é", "a\r\nX: y", "x".repeat(1_025)]) {
      expect(passIn(`#pass=${encodeURIComponent(bad)}`)).toEqual({ pass: null, rest: "" });
    }
  });
});

describe("the pass that is kept", () => {
  const kept = new Map<string, string>();
  beforeEach(() => {
    kept.clear();
    kept.set("parvis.pass.abc", "one.two.three");
    vi.stubGlobal("localStorage", { getItem: (key: string) => kept.get(key) ?? null });
  });

  it("is shown for its Space, and for where that one's audience was sent", () => {
    expect(passFor(here)).toBe("one.two.three");
    expect(passHeaders({ ...here, id: "xyz", via: "abc" })).toEqual({ "X-Parvis-Pass": "one.two.three" });
    expect(passFor({ ...here, id: "xyz" })).toBeNull();
    expect(withPass("/live/abc/events", here)).toBe("/live/abc/events?pass=one.two.three");
    expect(withPass("/live/abc/stream.mp4?codec=aac", here)).toBe("/live/abc/stream.mp4?codec=aac&pass=one.two.three");
  });

  it("goes to no other Parvis", () => {
    expect(passFor({ ...here, origin: "https://other.example" })).toBeNull();
    expect(withPass("https://other.example/live/abc/events", { ...here, origin: "https://other.example" }))
      .toBe("https://other.example/live/abc/events");
  });
});
