/**
 * Is a connection to the stage still alive? Pure: fed with what the browser says of it, every now and then.
 *
 * - The stage sends the mix-minus without a pause, so a while without a packet means that it is gone, sooner than ICE
 *   finds out. A stage that never sent anything back is not one that has stopped.
 * - ICE says `disconnected` after some seconds without an answer; that may mend by itself, for a while.
 * - When the network has just changed (another Wi-Fi, from Wi-Fi to mobile) what is silent now will stay so: less
 *   patience is needed.
 */

export const LOOK_MS = 250;
const QUIET_MS = 1_500;
const CUT_MS = 2_500;
const SUSPECT_MS = 600;
const SUSPECT_FOR_MS = 6_000;

export class Watchdog {
  #packets = 0;
  #heardMs: number | null = null;
  #cutMs: number | null = null;
  #suspectUntilMs = -Infinity;

  /** The network has changed. */
  suspect(nowMs: number): void {
    this.#suspectUntilMs = nowMs + SUSPECT_FOR_MS;
  }

  /** Whether it is lost. `packets` is how many have come in all. */
  isLost(nowMs: number, state: RTCPeerConnectionState, packets: number): boolean {
    if (state === "failed" || state === "closed") return true;
    if (packets > this.#packets) [this.#packets, this.#heardMs] = [packets, nowMs];
    this.#cutMs = state === "disconnected" ? (this.#cutMs ?? nowMs) : null;
    const hasty = nowMs < this.#suspectUntilMs;
    const quiet = this.#heardMs !== null && nowMs - this.#heardMs >= (hasty ? SUSPECT_MS : QUIET_MS);
    const cut = this.#cutMs !== null && nowMs - this.#cutMs >= (hasty ? SUSPECT_MS : CUT_MS);
    return quiet || cut;
  }
}
