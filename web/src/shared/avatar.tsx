/** A person's face: the picture they chose, or their initials while it is not there. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { initials } from "./format";

/** A picture that is not there yet is asked for again so often, after so long. */
const TRIES = 4;
const AGAIN_MS = 3_000;

interface AvatarProps {
  name: string;
  /** Address of the picture, or null without one. */
  picture: string | null;
  /** Of the voice, 0 to 1. */
  level?: number;
}

/** The path of a picture of this origin, under whatever name it was reached: pages may show their own only. */
export function ownPath(address: string | null): string | null {
  return address === null ? null : new URL(address, location.href).pathname;
}

export function Avatar({ name, picture, level = 0 }: AvatarProps): JSX.Element {
  const [failures, setFailures] = useState(0);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    setFailures(0);
    setBroken(false);
  }, [picture]);
  useEffect(() => {
    if (failures === 0 || failures >= TRIES) return undefined;
    const timer = setTimeout(() => setBroken(false), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [failures]);
  const failed = (): void => {
    setBroken(true);
    setFailures(failures + 1);
  };
  return (
    <span class="avatar" aria-hidden="true" style={{ "--level": level }}>
      {initials(name)}
      {picture !== null && !broken && <img src={picture} alt="" decoding="async" onError={failed} />}
    </span>
  );
}
