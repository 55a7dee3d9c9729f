/** Five seconds of one's own voice, to hear what the others will hear. It never leaves the browser. */

import { Store } from "../shared/store";

export const LENGTH_MS = 5_000;

export type RecordingState =
  | { phase: "none" }
  | { phase: "recording"; untilMs: number }
  | { phase: "done"; address: string };

export class Recording {
  readonly state = new Store<RecordingState>({ phase: "none" });
  #recorder: MediaRecorder | null = null;

  /** Records `stream` for five seconds; one that runs is stopped early instead. */
  toggle(stream: MediaStream): void {
    if (this.#recorder !== null) {
      this.#recorder.stop();
      return;
    }
    this.forget();
    const recorder = new MediaRecorder(stream);
    const pieces: Blob[] = [];
    const timer = setTimeout(() => recorder.stop(), LENGTH_MS);
    recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
    recorder.addEventListener("stop", () => {
      clearTimeout(timer);
      this.#recorder = null;
      this.state.set({ phase: "done", address: URL.createObjectURL(new Blob(pieces, { type: recorder.mimeType })) });
    });
    this.#recorder = recorder;
    recorder.start();
    this.state.set({ phase: "recording", untilMs: performance.now() + LENGTH_MS });
  }

  forget(): void {
    const state = this.state.value;
    if (state.phase === "done") URL.revokeObjectURL(state.address);
    this.state.set({ phase: "none" });
  }
}
