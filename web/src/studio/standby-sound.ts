/**
 * What the audience will hear while nobody speaks, heard beforehand. The notice is the very file that the stage plays; the
 * chord is built of the same strings as `src/parvis/audio/standby.py`; one's own sound is played from the file.
 */

import { Store } from "../shared/store";
import english from "../../../src/parvis/stage/notices/en-soon.opus?url";
import french from "../../../src/parvis/stage/notices/fr-soon.opus?url";
import type { Standby } from "./types";

export interface Hearing {
  kind: Standby | null;
  failed: boolean;
}

/** Frequency in Hz (equal temperament, A 440), share, seconds for one swell. */
const STRINGS = [
  [146.832, 1, 28.6], [220, 0.8, 23.1], [293.665, 0.62, 19.4], [329.628, 0.42, 17.1], [369.994, 0.34, 13], [440, 0.24, 9],
] as const;
const TWIN_HZ = 0.1;
const TWIN = 0.4;
const OVERTONE = 0.18;
const SWELL = 0.35;
/** About −30 LUFS in all. */
const CHORD_GAIN = 0.026;
const UNDER_NOTICE = 0.35;
const FADE_S = 0.3;

export class StandbySound {
  readonly state = new Store<Hearing>({ kind: null, failed: false });
  #context: AudioContext | null = null;

  /** Plays from now on, in place of what is playing. `loop` is one's own sound. */
  async play(kind: Standby, language: string, loop: Blob | null): Promise<void> {
    this.stop();
    if (kind === "silence") return;
    const context = (this.#context = new AudioContext());
    this.state.set({ kind, failed: false });
    const out = context.createGain();
    out.connect(context.destination);
    out.gain.setValueAtTime(0, context.currentTime);
    out.gain.linearRampToValueAtTime(1, context.currentTime + FADE_S);
    if (kind === "tone") chord(context, 1).connect(out);
    if (kind === "notice") chord(context, UNDER_NOTICE).connect(out);
    try {
      if (kind === "notice") await sound(context, await (await fetch(language === "fr" ? french : english)).arrayBuffer(), false, out);
      if (kind === "loop" && loop !== null) await sound(context, await loop.arrayBuffer(), true, out);
    } catch {
      if (this.#context === context) this.#end(true);
    }
  }

  stop(): void {
    this.#end(false);
  }

  #end(failed: boolean): void {
    void this.#context?.close();
    this.#context = null;
    this.state.set({ kind: null, failed });
  }
}

async function sound(context: AudioContext, bytes: ArrayBuffer, loop: boolean, out: AudioNode): Promise<void> {
  const source = context.createBufferSource();
  source.buffer = await context.decodeAudioData(bytes);
  source.loop = loop;
  source.connect(out);
  source.start();
}

function chord(context: AudioContext, gain: number): AudioNode {
  const all = context.createGain();
  all.gain.value = CHORD_GAIN * gain;
  for (const [hz, share, swellS] of STRINGS) {
    const string = context.createGain();
    string.gain.value = share;
    const swell = context.createOscillator();
    swell.frequency.value = 1 / swellS;
    const depth = context.createGain();
    depth.gain.value = share * SWELL;
    swell.connect(depth).connect(string.gain);
    swell.start();
    for (const [partialHz, level] of [[hz, 1], [hz + TWIN_HZ, TWIN], [2 * hz, OVERTONE]] as const) {
      const partial = context.createOscillator();
      partial.frequency.value = partialHz;
      const loudness = context.createGain();
      loudness.gain.value = level;
      partial.connect(loudness).connect(string);
      partial.start();
    }
    string.connect(all);
  }
  return all;
}
