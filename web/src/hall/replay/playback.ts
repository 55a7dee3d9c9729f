/**
 * Plays a recording on the hall's own audio element, and answers the lock screen and the headset (W3C Media Session).
 *
 * Rules:
 *
 * - The element's own events are the truth: what it does is what is shown.
 * - A position that was asked for before the file was known is kept until it is.
 * - Nothing plays by itself: whoever opens a link at a time finds it ready there.
 */

import { Store } from "../../shared/store";

export const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2] as const;
export const SKIP_S = 15;

export interface PlaybackState {
  playing: boolean;
  /** It wants to play and has nothing to play yet. */
  gathering: boolean;
  failed: boolean;
  at_s: number;
  speed: number;
}

export interface Told {
  title: string;
  artist: string;
}

export class Playback {
  readonly state = new Store<PlaybackState>({ playing: false, gathering: false, failed: false, at_s: 0, speed: 1 });
  duration_s = 0;
  #source = "";
  readonly #closing = new AbortController();

  constructor(private readonly audio: HTMLAudioElement) {
    const signal = this.#closing.signal;
    const on = (names: string, act: () => void): void => {
      for (const name of names.split(" ")) audio.addEventListener(name, act, { signal });
    };
    on("timeupdate seeked play pause ended ratechange playing waiting loadedmetadata error", () => this.#look());
    audio.preservesPitch = true;
  }

  /** Makes ready to play `source` from `at_s`. `duration_s` is what the archive tells: browsers learn it late. */
  open(source: string, duration_s: number, at_s: number, told: Told): void {
    this.#source = source;
    this.duration_s = duration_s;
    const speed = this.state.value.speed;
    this.audio.preload = "metadata";
    this.audio.src = source;
    this.audio.defaultPlaybackRate = speed;
    this.audio.playbackRate = speed;
    this.#place(at_s);
    this.#tellSystem(told);
    this.#look();
  }

  get source(): string {
    return this.#source;
  }

  play(): void {
    if (this.state.value.failed) {
      const at_s = this.state.value.at_s;
      this.audio.load();
      this.#place(at_s);
    }
    if (this.audio.ended) this.audio.currentTime = 0;
    void this.audio.play().catch(() => this.#look());
  }

  pause(): void {
    this.audio.pause();
  }

  toggle(): void {
    if (this.audio.paused) this.play();
    else this.pause();
  }

  seek(at_s: number): void {
    this.#place(Math.max(0, Math.min(this.duration_s, at_s)));
    this.#look();
  }

  skip(by_s: number): void {
    this.seek(this.audio.currentTime + by_s);
  }

  setSpeed(speed: number): void {
    this.audio.defaultPlaybackRate = speed;
    this.audio.playbackRate = speed;
    this.#look();
  }

  /** One step up or down the ladder of speeds. */
  changeSpeed(steps: 1 | -1): void {
    const now = SPEEDS.findIndex((speed) => speed >= this.state.value.speed);
    this.setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, now + steps))] ?? 1);
  }

  /** Lets go of the audio element. */
  close(): void {
    this.#closing.abort();
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load();
    this.audio.playbackRate = this.audio.defaultPlaybackRate = 1;
  }

  /** Before the file is known, setting `currentTime` sets where it will start (HTML, "default playback start position"). */
  #place(at_s: number): void {
    this.audio.currentTime = at_s;
  }

  #look(): void {
    const { audio } = this;
    const playing = !audio.paused && !audio.ended;
    this.state.patch({
      playing,
      gathering: playing && audio.readyState < HTMLMediaElement.HAVE_FUTURE_DATA,
      failed: audio.error !== null,
      at_s: Math.min(audio.currentTime, this.duration_s),
      speed: audio.playbackRate,
    });
    const session = (navigator as Partial<Navigator>).mediaSession;
    if (session === undefined || this.duration_s === 0) return;
    session.playbackState = playing ? "playing" : "paused";
    session.setPositionState({
      duration: this.duration_s, position: this.state.value.at_s, playbackRate: audio.playbackRate || 1,
    });
  }

  #tellSystem({ title, artist }: Told): void {
    const session = (navigator as Partial<Navigator>).mediaSession;
    if (session === undefined) return;
    session.metadata = new MediaMetadata({ title, artist, album: "Parvis" });
    const handlers: Partial<Record<MediaSessionAction, MediaSessionActionHandler>> = {
      play: () => this.play(),
      pause: () => this.pause(),
      stop: () => this.pause(),
      seekbackward: ({ seekOffset }) => this.skip(-(seekOffset ?? SKIP_S)),
      seekforward: ({ seekOffset }) => this.skip(seekOffset ?? SKIP_S),
      seekto: ({ seekTime }) => this.seek(seekTime ?? 0),
    };
    for (const [action, handler] of Object.entries(handlers)) {
      try {
        session.setActionHandler(action as MediaSessionAction, handler);
      } catch {
        // This browser has no such button.
      }
    }
  }
}
