/**
 * Paints the square on a canvas: the lit stage, the speakers that glow with their voices, the audience in rings.
 *
 * Rules:
 *
 * - A voice travels: the level of a moment ago is what the rings farther out show. With reduced motion it does not.
 * - It paints only when something changed or sounds, and at 30 frames a second at most.
 * - Colours come from the style sheet, so light and dark are designed in one place.
 */

import { FOCUS, STAGE_RADIUS, filled, onStage, places, type Place } from "./geometry";

export interface Scene {
  listeners: number;
  speakers: { handle: string; connected: boolean; muted: boolean }[];
  /** 0 to 100 by handle (docs/protocol.md §3). */
  levels: Record<string, number>;
  /** The stage is lit: the Space is live. */
  lit: boolean;
  /** This listener is among the points. */
  here: boolean;
}

const FRAME_MS = 33;
/** The voice takes this long from ring to ring. */
const RING_MS = 45;
const HISTORY = 64;
const PLACES = places();
export const CAPACITY = PLACES.length;
/** The listener's own place: near the front, a little aside. */
const OWN = 7;

type Palette = Record<"ground" | "rim" | "empty" | "person" | "voice" | "glow" | "stage", string>;

export class Painter {
  #scene: Scene = { listeners: 0, speakers: [], levels: {}, lit: false, here: false };
  #palette: Palette;
  #shown = new Map<string, number>();
  #history: number[] = new Array<number>(HISTORY).fill(0);
  #historyAtMs = 0;
  #population = 0;
  #frame = 0;
  #paintedMs = 0;
  readonly #context: CanvasRenderingContext2D;
  readonly #still = matchMedia("(prefers-reduced-motion: reduce)");
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  readonly #observer: ResizeObserver;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("no canvas");
    this.#context = context;
    this.#palette = this.#readPalette();
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(canvas);
    this.#dark.addEventListener("change", this.#recolour);
    this.#still.addEventListener("change", this.#recolour);
  }

  show(scene: Scene): void {
    this.#scene = scene;
    this.#wake();
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
    this.#dark.removeEventListener("change", this.#recolour);
    this.#still.removeEventListener("change", this.#recolour);
  }

  #recolour = (): void => {
    this.#palette = this.#readPalette();
    this.#wake();
  };

  #readPalette(): Palette {
    const style = getComputedStyle(this.canvas);
    const colour = (name: string): string => style.getPropertyValue(`--square-${name}`).trim();
    return {
      ground: colour("ground"), rim: colour("rim"), empty: colour("empty"), person: colour("person"),
      voice: colour("voice"), glow: colour("glow"), stage: colour("stage"),
    };
  }

  #resize(): void {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (side === 0) return;
    this.canvas.width = side;
    this.canvas.height = side;
    this.#paint(performance.now());
    this.#wake();
  }

  #wake(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(this.#step);
  }

  #step = (nowMs: number): void => {
    this.#frame = 0;
    if (nowMs - this.#paintedMs >= FRAME_MS - 4) this.#paint(nowMs);
    if (this.#restless()) this.#wake();
  };

  #restless(): boolean {
    const wanted = filled(this.#scene.listeners, CAPACITY);
    const voices = this.#scene.lit && Object.values(this.#scene.levels).some((level) => level > 0);
    const fading = [...this.#shown.values()].some((level) => level > 0.5) || this.#history.some((level) => level > 0.01);
    return voices || fading || Math.abs(wanted - this.#population) > 0.01;
  }

  #paint(nowMs: number): void {
    const elapsedMs = Math.min(200, nowMs - this.#paintedMs);
    this.#paintedMs = nowMs;
    this.#settle(elapsedMs, nowMs);
    const context = this.#context;
    const radius = this.canvas.width / 2;
    context.setTransform(radius, 0, 0, radius, radius, radius);
    context.clearRect(-1, -1, 2, 2);
    this.#paintGround();
    this.#paintAudience(2.1 / Math.max(radius / devicePixelRatio, 120));
    this.#paintStage();
  }

  /** Lets levels rise at once and fall softly, and people arrive one after the other. */
  #settle(elapsedMs: number, nowMs: number): void {
    const still = this.#still.matches;
    const fall = still ? 1 : 1 - Math.exp(-elapsedMs / 160);
    let loudest = 0;
    for (const { handle } of this.#scene.speakers) {
      const target = this.#scene.lit ? (this.#scene.levels[handle] ?? 0) : 0;
      const current = this.#shown.get(handle) ?? 0;
      const step = target > current ? (still ? 1 : 1 - Math.exp(-elapsedMs / 60)) : fall;
      const level = current + (target - current) * step;
      this.#shown.set(handle, level);
      loudest = Math.max(loudest, level / 100);
    }
    for (; this.#historyAtMs < nowMs; this.#historyAtMs += RING_MS) {
      if (nowMs - this.#historyAtMs > HISTORY * RING_MS) this.#historyAtMs = nowMs - HISTORY * RING_MS;
      this.#history.unshift(still ? 0 : loudest);
      this.#history.length = HISTORY;
    }
    const wanted = filled(this.#scene.listeners, CAPACITY);
    const arrive = still ? 1 : 1 - Math.exp(-elapsedMs / 350);
    this.#population += (wanted - this.#population) * arrive;
    if (Math.abs(wanted - this.#population) < 0.3) this.#population = wanted;
  }

  #paintGround(): void {
    const context = this.#context;
    context.beginPath();
    context.arc(0, 0, 0.992, 0, 2 * Math.PI);
    context.fillStyle = this.#palette.ground;
    context.fill();
    const strength = this.#scene.lit ? 0.34 + 0.5 * (this.#history[0] ?? 0) : 0.07;
    const light = context.createRadialGradient(FOCUS.x, FOCUS.y, 0.02, FOCUS.x, FOCUS.y, 1.15);
    light.addColorStop(0, this.#palette.glow);
    light.addColorStop(1, clear(this.#palette.glow));
    context.globalAlpha = strength;
    context.fillStyle = light;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 0.006;
    context.strokeStyle = this.#palette.rim;
    context.stroke();
  }

  #paintAudience(size: number): void {
    const context = this.#context;
    const population = this.#population;
    const wholes = Math.floor(population);
    this.#dots(PLACES.slice(wholes), size * 0.55, this.#palette.empty, 1);
    const byRing = new Map<number, Place[]>();
    for (const place of PLACES.slice(0, wholes)) {
      const ring = byRing.get(place.ring);
      if (ring === undefined) byRing.set(place.ring, [place]);
      else ring.push(place);
    }
    for (const [ring, people] of byRing) {
      const heard = this.#history[ring] ?? 0;
      this.#dots(people, size, this.#palette.person, 0.82);
      if (heard > 0.02) this.#dots(people, size * (1 + 0.35 * heard), this.#palette.voice, heard * 0.85);
    }
    const arriving = PLACES[wholes];
    if (arriving !== undefined) this.#dots([arriving], size, this.#palette.person, population - wholes);
    const own = PLACES[Math.min(OWN, Math.max(0, wholes - 1))];
    if (this.#scene.here && own !== undefined) {
      this.#dots([own], size * 1.25, this.#palette.voice, 1);
      context.beginPath();
      context.arc(own.x, own.y, size * 2.5, 0, 2 * Math.PI);
      context.lineWidth = size * 0.5;
      context.strokeStyle = this.#palette.voice;
      context.stroke();
    }
  }

  #dots(people: Place[], size: number, colour: string, alpha: number): void {
    const context = this.#context;
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    context.beginPath();
    for (const { x, y } of people) {
      context.moveTo(x + size, y);
      context.arc(x, y, size, 0, 2 * Math.PI);
    }
    context.fill();
    context.globalAlpha = 1;
  }

  #paintStage(): void {
    const context = this.#context;
    const { speakers, lit } = this.#scene;
    context.beginPath();
    context.arc(FOCUS.x, FOCUS.y, STAGE_RADIUS, Math.PI * 1.06, Math.PI * 1.94);
    context.lineWidth = 0.012;
    context.lineCap = "round";
    context.strokeStyle = lit ? this.#palette.voice : this.#palette.stage;
    context.globalAlpha = lit ? 0.55 : 1;
    context.stroke();
    context.globalAlpha = 1;
    const spots = onStage(speakers.length);
    speakers.forEach((speaker, i) => {
      const spot = spots[i];
      if (spot === undefined) return;
      const level = (this.#shown.get(speaker.handle) ?? 0) / 100;
      if (level > 0.02) this.#halo(spot.x, spot.y, 0.06 + 0.17 * level, level);
      const colour = speaker.connected ? this.#palette.voice : this.#palette.stage;
      this.#dots([{ ...spot, ring: 0 }], 0.027 + 0.012 * level, colour, speaker.connected && speaker.muted ? 0.6 : 1);
    });
  }

  #halo(x: number, y: number, radius: number, strength: number): void {
    const context = this.#context;
    const halo = context.createRadialGradient(x, y, 0.01, x, y, radius);
    halo.addColorStop(0, this.#palette.voice);
    halo.addColorStop(1, clear(this.#palette.voice));
    context.globalAlpha = 0.35 + 0.5 * strength;
    context.fillStyle = halo;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
    context.globalAlpha = 1;
  }
}

/** The same colour, fully clear: `transparent` is black, and would grey a light. Colours of the square are `#rrggbb`. */
function clear(colour: string): string {
  return `${colour}00`;
}
