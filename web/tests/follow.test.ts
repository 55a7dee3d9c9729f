/** Going where the audience is sent: at once inside this Parvis, elsewhere only when that answers. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { spaceOf } from "../dev/spaces";
import { Follower } from "../src/hall/follow";
import type { Handoff } from "../src/hall/handoff";
import type { Place } from "../src/hall/place";
import type { Space } from "../src/hall/space";
import { Store } from "../src/shared/store";

const A: Place = { id: "calm", origin: "", via: null };
const HANDOFF: Handoff = {
  place: { id: "onward", origin: "", via: "calm" }, url: "http://here/s/onward", title: "Second room", reason: "Broken.",
  by: "tom", atMs: 1_000,
};
const THERE: Handoff = { ...HANDOFF, place: { id: "onward", origin: "https://there.example", via: null }, title: "there.example" };

interface World {
  place: Store<Place>;
  space: Store<Space | null>;
  follower: Follower;
  arrived: string[];
}

/** What the network gives: a Space by address, or nothing. */
let network: (address: string) => Space | null;

beforeEach(() => {
  vi.useFakeTimers();
  network = () => spaceOf("onward");
  vi.stubGlobal("fetch", (address: string) => {
    const found = network(address);
    return found === null ? Promise.reject(new TypeError("no network")) : Promise.resolve(Response.json(found));
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function world(): World {
  const place = new Store<Place>(A);
  const space = new Store<Space | null>(spaceOf("calm"));
  const arrived: string[] = [];
  const follower = new Follower(place, space, (handoff, from) => arrived.push(`${from.id} → ${handoff.place.id}`));
  return { place, space, follower, arrived };
}

it("looks ahead, and goes over when it is heard, people and all", async () => {
  const { place, space, follower, arrived } = world();
  follower.expect(HANDOFF);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(place.value).toBe(A);
  expect(follower.arrive(HANDOFF)).toBe(true);
  expect(place.value).toEqual(HANDOFF.place);
  expect(space.value?.speakers.map(({ handle }) => handle)).toEqual(["tom", "mina"]);
  expect(follower.arrival.value).toMatchObject({ phase: "here", reason: "Broken.", by: "tom", elsewhere: null });
  expect(arrived).toEqual(["calm → onward"]);
});

it("goes over at once inside this Parvis, and learns of its people later", async () => {
  const { space, follower } = world();
  expect(follower.arrive(HANDOFF)).toBe(true);
  expect(space.value).toMatchObject({ id: "onward", title: "Second room", speakers: [] });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(space.value?.speakers).toHaveLength(2);
});

it("stays until another Parvis answers, says so, and keeps its link", async () => {
  const { place, follower, arrived } = world();
  network = () => null;
  expect(follower.arrive(THERE)).toBe(false);
  expect(follower.arrival.value).toMatchObject({ phase: "going", elsewhere: "there.example" });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(follower.arrival.value).toMatchObject({ phase: "away", url: THERE.url });
  expect(place.value).toBe(A);
  network = () => spaceOf("onward");
  await vi.advanceTimersByTimeAsync(20_000);
  expect(place.value).toEqual(THERE.place);
  expect(follower.arrival.value).toMatchObject({ phase: "here", title: "Budget night, second room" });
  expect(arrived).toEqual(["calm → onward"]);
});

it("follows no handoff twice, and none that is older than the last", () => {
  const { place, follower, arrived } = world();
  follower.arrive(HANDOFF);
  expect(follower.arrive(HANDOFF)).toBe(false);
  expect(follower.arrive({ ...HANDOFF, place: A, atMs: 500 })).toBe(false);
  expect(follower.arrive({ ...HANDOFF, place: A, atMs: 2_000 })).toBe(true);
  expect(place.value).toEqual(A);
  expect(arrived).toEqual(["calm → onward", "onward → calm"]);
});
