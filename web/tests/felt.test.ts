/** What those on stage are told of the audience's reactions. */

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Felt } from "../src/shared/felt";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it("adds up what came in the last minute, and forgets the rest", () => {
  const felt = new Felt();
  felt.take({ "👏": 2 }, 0);
  felt.take({ "👏": 3, "🔥": 1, "😂": 0, "😮": NaN }, 30_000);
  expect(felt.lately.value).toEqual({ "👏": 5, "🔥": 1 });
  felt.take({ "🔥": 1 }, 60_000);
  expect(felt.lately.value).toEqual({ "👏": 3, "🔥": 2 });
});

it("forgets by itself when nobody reacts any more", () => {
  const felt = new Felt();
  felt.take({ "👏": 2 });
  vi.advanceTimersByTime(55_000);
  expect(felt.lately.value).toEqual({ "👏": 2 });
  vi.advanceTimersByTime(10_000);
  expect(felt.lately.value).toEqual({});
  expect(vi.getTimerCount()).toBe(0);
});

it("begins anew in another Space", () => {
  const felt = new Felt();
  felt.take({ "👏": 2 });
  felt.clear();
  expect(felt.lately.value).toEqual({});
});
