/** The hall's player with nothing around it, for a browser that is driven from outside (tests/browser). */

import { Splitter } from "../src/hall/mp4";
import { Player } from "../src/hall/player";

export interface Pushed {
  /** It can be pushed to. */
  open: boolean;
  /** Takes init segment and parts, in base64. */
  push: (pieces: string[]) => void;
}

/** A player of Opus on `audio`. */
export function begin(audio: HTMLAudioElement): Pushed {
  const player = new Player(audio);
  const splitter = new Splitter();
  const pushed: Pushed = {
    open: false,
    push: (pieces) => {
      for (const piece of pieces) {
        const bytes = Uint8Array.from(atob(piece), (letter) => letter.charCodeAt(0));
        for (const whole of splitter.push(bytes)) player.append(whole);
      }
    },
  };
  void player.open('audio/mp4; codecs="opus"').then(() => (pushed.open = true));
  return pushed;
}
