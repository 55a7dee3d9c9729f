/**
 * Where people stand in the square: a round place seen from above, the stage at its foot, the audience in rings
 * around the stage like the waves of a voice.
 *
 * Coordinates are in radii of the square: its centre is (0, 0), its edge at distance 1, y grows downward.
 */

/** The middle of the stage, from which the rings spread. */
export const FOCUS = { x: 0, y: 0.74 } as const;
/** Radius of the arc on which speakers stand. */
export const STAGE_RADIUS = 0.2;
const FIRST_RING = 0.36;
const SPACING = 0.0545;
const EDGE = 0.955;

export interface Place {
  x: number;
  y: number;
  /** 0 is nearest to the stage. */
  ring: number;
}

/** One point stands for this many listeners. */
export type Scale = 1 | 10 | 100 | 1000;

/** All places, in the order in which they fill: near ones first, not in ranks but as people do. */
export function places(): Place[] {
  const found: (Place & { order: number })[] = [];
  for (let ring = 0; FIRST_RING + ring * SPACING < FOCUS.y + EDGE; ring += 1) {
    const radius = FIRST_RING + ring * SPACING;
    const count = Math.floor((2 * Math.PI * radius) / SPACING);
    const offset = ring % 2 === 0 ? 0 : Math.PI / count;
    for (let i = 0; i < count; i += 1) {
      const angle = -Math.PI / 2 + offset + (2 * Math.PI * i) / count;
      const [x, y] = [FOCUS.x + radius * Math.cos(angle), FOCUS.y + radius * Math.sin(angle)];
      if (Math.hypot(x, y) > EDGE || y > FOCUS.y) continue;
      found.push({ x, y, ring, order: ring + 5 * scattered(ring * 997 + i) });
    }
  }
  return found.sort((a, b) => a.order - b.order).map(({ x, y, ring }) => ({ x, y, ring }));
}

/** A number in [0, 1) that is always the same for the same seed (Wang's integer hash). */
export function scattered(seed: number): number {
  let hash = seed | 0;
  hash = (hash ^ 61) ^ (hash >>> 16);
  hash = Math.imul(hash, 9);
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 0x27d4eb2d);
  hash ^= hash >>> 15;
  return (hash >>> 0) / 2 ** 32;
}

/** The finest scale at which `listeners` fit into `capacity` points. */
export function scaleOf(listeners: number, capacity: number): Scale {
  for (const scale of [1, 10, 100] as const) if (listeners <= scale * capacity) return scale;
  return 1000;
}

/** How many points are filled. Nobody is rounded away. */
export function filled(listeners: number, capacity: number): number {
  return Math.min(capacity, Math.ceil(listeners / scaleOf(listeners, capacity)));
}

/** Where `count` speakers stand on the stage's arc, from one side to the other, in reading order. */
export function onStage(count: number): { x: number; y: number }[] {
  return Array.from({ length: count }, (_, i) => {
    const spread = Math.min(0.82, 0.2 * (count - 1)) * Math.PI;
    const angle = -Math.PI / 2 + (count === 1 ? 0 : (i / (count - 1) - 0.5) * spread);
    return { x: FOCUS.x + STAGE_RADIUS * Math.cos(angle), y: FOCUS.y + STAGE_RADIUS * Math.sin(angle) };
  });
}
