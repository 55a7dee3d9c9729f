/** What a hall reckons to know whether an invitation may be its own. */

import { expect, it } from "vitest";
import { mark } from "../src/hall/talk/invited";

it("is what control reckons", () => {
  // tests/unit/spaces/test_invitation.py holds the same.
  expect(mark("0123456789", "ana")).toBe("76");
});

it("fits one in 256", () => {
  const marks = new Set(Array.from({ length: 2_560 }, (_, n) => mark("0123456789", `guest_${n}`)));
  expect(marks.size).toBe(256);
});
