/**
 * The microphone: which one, how it is cleaned, how loud it is.
 *
 * The meter listens to a copy of the track, so it moves while one is muted: that is how one finds out that one talks
 * into a closed microphone.
 */

import { recall, remember } from "./language";
import { levelOf } from "./level";
import { Store } from "./store";

export const CLEANERS = ["echoCancellation", "noiseSuppression", "autoGainControl"] as const;
export type Cleaner = (typeof CLEANERS)[number];
export type MicError = "refused" | "missing" | "busy" | "unsupported" | "gone";

export interface MicState {
  on: boolean;
  asking: boolean;
  error: MicError | null;
  deviceId: string;
  devices: { id: string; label: string }[];
  cleaners: Record<Cleaner, boolean>;
}

const DEVICE_KEY = "parvis.microphone";

/** What the names of `getUserMedia`'s errors mean to the one who sits there (W3C Media Capture §10). */
function errorOf(error: unknown): MicError {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "unsupported";
}

export class Microphone {
  readonly state = new Store<MicState>({
    on: false, asking: false, error: null, deviceId: recall(DEVICE_KEY) ?? "", devices: [],
    cleaners: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  });
  stream: MediaStream | null = null;
  #meterTrack: MediaStreamTrack | null = null;
  #context: AudioContext | null = null;
  #analyser: AnalyserNode | null = null;
  #samples = new Float32Array(2048);
  #open = true;
  /** Counts what was asked for: of several at once the last one counts, in whatever order the browser answers. */
  #turn = 0;
  #cleaning: Promise<unknown> = Promise.resolve();

  constructor(private readonly onTrack: (track: MediaStreamTrack) => void) {
    (navigator as Partial<Navigator>).mediaDevices?.addEventListener("devicechange", this.#listDevices);
  }

  get track(): MediaStreamTrack | null {
    return this.stream?.getAudioTracks()[0] ?? null;
  }

  /** Asks for the microphone. Returns whether it is on; why not is in the state. */
  async turnOn(): Promise<boolean> {
    if (!("mediaDevices" in navigator)) {
      this.state.patch({ error: "unsupported" });
      return false;
    }
    const turn = ++this.#turn;
    this.state.patch({ asking: true, error: null });
    try {
      await this.#acquire(this.state.value.deviceId, turn);
    } catch (error) {
      if (turn === this.#turn) this.state.patch({ on: false, error: errorOf(error) });
    }
    if (turn === this.#turn) this.state.patch({ asking: false });
    return this.state.value.on;
  }

  async choose(deviceId: string): Promise<void> {
    this.state.patch({ deviceId });
    remember(DEVICE_KEY, deviceId);
    await this.turnOn();
  }

  async clean(cleaner: Cleaner, on: boolean): Promise<void> {
    this.state.patch({ cleaners: { ...this.state.value.cleaners, [cleaner]: on } });
    // While a device is open Chromium keeps cleaning it as before, whatever is asked for. It costs a tenth of a second.
    this.#release();
    await (this.#cleaning = this.turnOn());
  }

  /** The sound, once it is cleaned as was asked for last; null where there is none. */
  async cleaned(): Promise<MediaStream | null> {
    await this.#cleaning;
    return this.stream;
  }

  /** Lets sound through, or silence: at once, before the server knows. */
  open(on: boolean): void {
    this.#open = on;
    if (this.track !== null) this.track.enabled = on;
  }

  /** Level of this moment, 0 to 100. */
  level(): number {
    if (this.#analyser === null) return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return levelOf(this.#samples);
  }

  close(): void {
    this.#turn += 1;
    (navigator as Partial<Navigator>).mediaDevices?.removeEventListener("devicechange", this.#listDevices);
    this.#release();
    void this.#context?.close();
    this.#context = null;
  }

  async #acquire(deviceId: string, turn: number): Promise<void> {
    const audio: MediaTrackConstraints = {
      ...this.state.value.cleaners,
      channelCount: 1,
      sampleRate: { ideal: 48_000 },
      ...(deviceId === "" ? {} : { deviceId: { ideal: deviceId } }),
    };
    const stream = await navigator.mediaDevices.getUserMedia({ audio });
    if (turn !== this.#turn) {
      stream.getTracks().forEach((track) => track.stop());
      return;
    }
    this.#release();
    const track = stream.getAudioTracks()[0];
    if (track === undefined) throw new DOMException("no audio track", "NotFoundError");
    this.stream = stream;
    track.enabled = this.#open;
    track.addEventListener("ended", () => {
      if (this.track === track) this.state.patch({ on: false, error: "gone" });
    });
    this.#meter(track);
    this.state.patch({ on: true, error: null, deviceId: track.getSettings().deviceId ?? deviceId });
    this.#listDevices();
    this.onTrack(track);
  }

  #meter(track: MediaStreamTrack): void {
    this.#meterTrack = track.clone();
    this.#meterTrack.enabled = true;
    this.#context ??= new AudioContext();
    void this.#context.resume();
    this.#analyser?.disconnect();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = this.#samples.length;
    this.#context.createMediaStreamSource(new MediaStream([this.#meterTrack])).connect(this.#analyser);
  }

  #release(): void {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.#meterTrack?.stop();
    this.#meterTrack = null;
  }

  #listDevices = (): void => {
    void navigator.mediaDevices.enumerateDevices().then((all) => this.#take(all));
  };

  #take(all: MediaDeviceInfo[]): void {
    const devices = all
      .filter(({ kind, deviceId }) => kind === "audioinput" && deviceId !== "")
      .map(({ deviceId, label }, i) => ({ id: deviceId, label: label === "" ? `${i + 1}` : label }));
    this.state.patch({ devices });
  }
}
