/** The words of the studio come from several files: none may take the name of another's. */

import { expect, test } from "vitest";
import { en } from "../src/studio/words/en";
import { enAccount } from "../src/studio/words/en-account";
import { enCaptions } from "../src/studio/words/en-captions";
import { enManners } from "../src/studio/words/en-manners";
import { enOnAir } from "../src/studio/words/en-onair";
import { enPlan } from "../src/studio/words/en-plan";
import { enReplay } from "../src/studio/words/en-replay";
import { enSpace } from "../src/studio/words/en-space";

test("no word of the studio hides another", () => {
  const whole: Record<string, unknown> = en;
  const hidden = [enAccount, enCaptions, enManners, enOnAir, enPlan, enReplay, enSpace].flatMap((part) =>
    Object.entries(part).filter(([name, word]) => whole[name] !== word).map(([name]) => name),
  );
  expect(hidden).toEqual([]);
});
