/**
 * One's voice on its way to the stage, and the stage on its way back: WHIP (RFC 9725) with a `sendrecv` offer.
 *
 * Rules:
 *
 * - The browser's offer is sent as it is, with the candidates that are known after a second at most (§4.3.2: no trickle is
 *   needed). RED, FEC and the bit rate are the answer's business.
 * - A connection that failed, or was cut for three seconds, is made anew, with backoff, as long as one is seated. The
 *   stage sends the mix-minus without a pause, so two seconds without a packet say the same, sooner than ICE does.
 * - A second session of the same seat replaces the first. So that two tabs don't throw each other out for ever, a tab
 *   says when it takes the seat, and one whose sessions keep dying young stops and asks.
 * - Leaving the page ends the session at once (`DELETE`, §4.2), or the seat would look connected for seconds.
 */

import { Backoff, pause } from "../shared/reconnect";
import { Store } from "../shared/store";
import { Problem, problemOf } from "./api";

export type WhipPhase = "idle" | "connecting" | "connected" | "reconnecting" | "replaced" | "refused";

export interface WhipState {
  phase: WhipPhase;
  /** Why it was refused, or why the last attempt failed. */
  problem: Problem | null;
}

const GATHER_MS = 1_000;
const CONNECT_MS = 10_000;
const CUT_MS = 3_000;
const QUIET_MS = 2_000;
const LOOK_MS = 500;
const YOUNG_MS = 8_000;
const YOUNG_DEATHS = 3;
/** No use in trying again. */
const FINAL = new Set([400, 401, 403, 404, 409, 413, 415, 422]);

interface Session {
  peer: RTCPeerConnection;
  location: string | null;
}

export class Whip {
  readonly state = new Store<WhipState>({ phase: "idle", problem: null });
  #abort: AbortController | null = null;
  #session: Session | null = null;
  #track: MediaStreamTrack | null = null;
  readonly #tabs: BroadcastChannel;
  readonly #wake = new EventTarget();

  constructor(
    private readonly address: string,
    /** The mix-minus: everybody but oneself. */
    private readonly onSound: (stream: MediaStream) => void,
  ) {
    this.#tabs = new BroadcastChannel(`parvis.seat:${address}`);
    this.#tabs.addEventListener("message", () => this.#endAs("replaced"));
    addEventListener("pagehide", this.#leave);
    addEventListener("online", this.#online);
  }

  get active(): boolean {
    return this.#abort !== null;
  }

  /** Takes the seat with this sound, and keeps it. */
  start(track: MediaStreamTrack): void {
    this.#track = track;
    if (this.active) return;
    this.#abort = new AbortController();
    this.#tabs.postMessage("taken");
    this.state.set({ phase: "connecting", problem: null });
    void this.#run(this.#abort.signal).catch((error: unknown) => {
      if (error instanceof Problem) this.#endAs("refused", error);
      else if (this.active) this.#endAs("refused", new Problem(0, "unknown", String(error)));
    });
  }

  /** Another microphone, without a break. */
  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    this.#track = track;
    await this.#session?.peer.getSenders()[0]?.replaceTrack(track);
  }

  /** Ends the sound; the seat stays. `tell` is false when the server has ended it. */
  stop(tell = true): void {
    this.#endAs("idle", null, tell);
  }

  /** Stops for good. */
  close(): void {
    this.stop();
    this.#tabs.close();
    removeEventListener("pagehide", this.#leave);
    removeEventListener("online", this.#online);
  }

  #leave = (): void => this.#endAs("idle");

  #online = (): void => {
    this.#wake.dispatchEvent(new Event("wake"));
  };

  /** A session that was replaced is already over on the server. */
  #endAs(phase: WhipPhase, problem: Problem | null = null, tell = phase !== "replaced"): void {
    if (!this.active) return;
    this.#abort?.abort();
    this.#abort = null;
    this.#hangUp(tell);
    this.state.set({ phase, problem });
  }

  #hangUp(tell: boolean): void {
    const session = this.#session;
    this.#session = null;
    session?.peer.close();
    if (tell && session?.location != null) {
      void fetch(session.location, { method: "DELETE", credentials: "same-origin", keepalive: true }).catch(() => undefined);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    for (let youngDeaths = 0; youngDeaths < YOUNG_DEATHS; ) {
      let retryAfterS: number | null = null;
      const bornMs = performance.now();
      try {
        const peer = await this.#connect(signal);
        this.state.set({ phase: "connected", problem: null });
        await lost(peer, signal);
        const young = performance.now() - bornMs < YOUNG_MS;
        youngDeaths = young ? youngDeaths + 1 : 0;
        if (!young) backoff.reset();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Problem) || FINAL.has(error.status)) throw error;
        this.state.patch({ problem: error });
        retryAfterS = error.retryAfterS;
      }
      this.#hangUp(true);
      this.state.patch({ phase: "reconnecting" });
      await pause(backoff.next(retryAfterS), signal, this.#wake);
    }
    this.#endAs("replaced");
  }

  /** Offer, answer, connected. Throws `Problem`. */
  async #connect(signal: AbortSignal): Promise<RTCPeerConnection> {
    const track = this.#track;
    if (track === null) throw new Problem(0, "no-microphone", "There is no microphone.");
    const peer = new RTCPeerConnection();
    const session: Session = { peer, location: null };
    this.#session = session;
    peer.addEventListener("track", ({ track: sound }) => this.onSound(new MediaStream([sound])));
    peer.addTransceiver(track, { direction: "sendrecv" });
    await peer.setLocalDescription();
    await gathered(peer);
    signal.throwIfAborted();
    let response: Response;
    try {
      response = await fetch(this.address, {
        method: "POST",
        credentials: "same-origin",
        headers: { "Content-Type": "application/sdp" },
        body: peer.localDescription?.sdp ?? "",
        signal,
      });
    } catch {
      signal.throwIfAborted();
      throw new Problem(0, "network", "The server cannot be reached.");
    }
    if (!response.ok) throw await problemOf(response);
    const location = response.headers.get("Location");
    session.location = location === null ? null : new URL(location, response.url).href;
    await peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
    await connected(peer, signal);
    return peer;
  }
}

/** Resolves when all candidates are known, or after a second. */
function gathered(peer: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    if (peer.iceGatheringState === "complete") resolve();
    const timer = setTimeout(resolve, GATHER_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    });
  });
}

function connected(peer: RTCPeerConnection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Problem(0, "no-route", "No sound gets through to the stage."));
    const timer = setTimeout(fail, CONNECT_MS);
    const look = (): void => {
      if (peer.connectionState === "connected") resolve();
      else if (peer.connectionState === "failed" || peer.connectionState === "closed") fail();
      else return;
      clearTimeout(timer);
    };
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    }, { once: true });
    peer.addEventListener("connectionstatechange", look);
    look();
  });
}

/** Resolves when the connection has failed, was cut for three seconds, or brought nothing for two. */
async function lost(peer: RTCPeerConnection, signal: AbortSignal): Promise<void> {
  let packets = 0;
  let cutMs = 0;
  let quietMs = 0;
  while (cutMs < CUT_MS && quietMs < QUIET_MS) {
    await pause(LOOK_MS, signal);
    if (peer.connectionState === "failed" || peer.connectionState === "closed") return;
    cutMs = peer.connectionState === "disconnected" ? cutMs + LOOK_MS : 0;
    const received = await packetsReceived(peer);
    // A stage that never sent anything back is not one that has stopped.
    quietMs = received > packets || packets === 0 ? 0 : quietMs + LOOK_MS;
    packets = received;
  }
}

async function packetsReceived(peer: RTCPeerConnection): Promise<number> {
  let packets = 0;
  (await peer.getStats()).forEach((report: { type: string; packetsReceived?: number }) => {
    if (report.type === "inbound-rtp") packets += report.packetsReceived ?? 0;
  });
  return packets;
}
