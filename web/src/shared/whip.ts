/**
 * One's voice on its way to the stage, and the stage on its way back: WHIP (RFC 9725) with a `sendrecv` offer.
 *
 * Rules:
 *
 * - The browser's offer is sent as it is, with the candidates that are known after a second at most (§4.3.2: no trickle is
 *   needed). RED, FEC and the bit rate are the answer's business.
 * - The servers that the endpoint names are asked for before the offer (`ice-servers.ts`).
 * - A connection that is lost (`watchdog.ts`) is made anew, at once and then with backoff, as long as one is seated, with
 *   the same microphone track. Nobody has to touch anything.
 * - Each session is of one owner of the stage, told by its epoch. When the studio's events name a higher one, the session
 *   is dead, whatever ICE believes: the next owner is asked at once (docs/protocol.md §6).
 * - A second session of the same seat replaces the first. So that two tabs don't throw each other out for ever, a tab
 *   says when it takes the seat, and one whose sessions keep dying young stops and asks.
 * - Leaving the page ends the session at once (`DELETE`, §4.2), or the seat would look connected for seconds.
 */

import { IceServers } from "./ice-servers";
import { fetched, Problem } from "./problem";
import { Backoff, pause } from "./reconnect";
import { Store } from "./store";
import { LOOK_MS, Watchdog } from "./watchdog";

/** How requests say who asks. */
export interface WhipAccess {
  credentials: RequestCredentials;
  headers?: Record<string, string>;
}

export type WhipPhase = "idle" | "connecting" | "connected" | "reconnecting" | "replaced" | "refused";

export interface WhipState {
  phase: WhipPhase;
  /** Why it was refused, or why the last attempt failed. */
  problem: Problem | null;
  /** How many sessions were made since one took the seat: one, and one more for each cut. */
  sessions: number;
}

const GATHER_MS = 1_000;
const CONNECT_MS = 10_000;
/** At most 13 people wait for a stage, each of them on air: no crowd to be spread. */
const RETRY_MOST_MS = 2_000;
const YOUNG_MS = 8_000;
const YOUNG_DEATHS = 3;
/** No use in trying again. */
const FINAL = new Set([400, 401, 403, 404, 409, 413, 415, 422]);

interface Session {
  peer: RTCPeerConnection;
  location: string | null;
  /** Of the stage's owner that answered; null before that. */
  epoch: number | null;
  /** Aborts when another owner has the stage. */
  moved: AbortController;
}

export class Whip {
  readonly state = new Store<WhipState>({ phase: "idle", problem: null, sessions: 0 });
  #abort: AbortController | null = null;
  #session: Session | null = null;
  #track: MediaStreamTrack | null = null;
  #stageEpoch = 0;
  #watchdog = new Watchdog();
  readonly #servers: IceServers;
  readonly #tabs: BroadcastChannel;
  readonly #wake = new EventTarget();

  constructor(
    private readonly address: string,
    /** The mix-minus: everybody but oneself. */
    private readonly onSound: (stream: MediaStream) => void,
    /** By what the server knows whose seat it is: the cookie of the studio, or a bearer token. */
    private readonly access: WhipAccess,
  ) {
    this.#servers = new IceServers(address, access);
    this.#tabs = new BroadcastChannel(`parvis.seat:${address}`);
    this.#tabs.addEventListener("message", () => this.#endAs("replaced"));
    addEventListener("pagehide", this.#leave);
    addEventListener("online", this.#network);
    networkInformation()?.addEventListener("change", this.#network);
  }

  get active(): boolean {
    return this.#abort !== null;
  }

  /** Learns ahead, while there is time, what `start` would wait for. */
  prepare(): void {
    void this.#servers.ask();
  }

  /** Takes the seat with this sound, and keeps it. */
  start(track: MediaStreamTrack): void {
    this.#track = track;
    if (this.active) return;
    this.#abort = new AbortController();
    this.#tabs.postMessage("taken");
    this.state.set({ phase: "connecting", problem: null, sessions: 0 });
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

  /** The stage has this owner now, as the studio's events say. */
  stageIsOf(epoch: number): void {
    if (epoch <= this.#stageEpoch) return;
    this.#stageEpoch = epoch;
    const mine = this.#session?.epoch ?? null;
    if (mine !== null && mine < epoch) this.#session?.moved.abort();
    this.#wake.dispatchEvent(new Event("wake"));
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
    removeEventListener("online", this.#network);
    networkInformation()?.removeEventListener("change", this.#network);
  }

  #leave = (): void => this.#endAs("idle");

  #network = (): void => {
    this.#watchdog.suspect(performance.now());
    this.#wake.dispatchEvent(new Event("wake"));
  };

  /** A session that was replaced is already over on the server. */
  #endAs(phase: WhipPhase, problem: Problem | null = null, tell = phase !== "replaced"): void {
    if (!this.active) return;
    this.#abort?.abort();
    this.#abort = null;
    this.#hangUp(tell);
    this.state.patch({ phase, problem });
  }

  #hangUp(tell: boolean): void {
    const session = this.#session;
    this.#session = null;
    session?.peer.close();
    if (tell && session?.location != null) {
      void fetch(session.location, { ...this.access, method: "DELETE", keepalive: true }).catch(() => undefined);
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(Math.random, RETRY_MOST_MS);
    for (let youngDeaths = 0; youngDeaths < YOUNG_DEATHS; ) {
      let retryAfterS: number | null = null;
      const iceServers = await this.#servers.ask();
      signal.throwIfAborted();
      const bornMs = performance.now();
      const session: Session = { peer: peerWith(iceServers), location: null, epoch: null, moved: new AbortController() };
      this.#session = session;
      try {
        const either = AbortSignal.any([signal, session.moved.signal]);
        await this.#connect(session, either);
        this.state.patch({ phase: "connected", problem: null, sessions: this.state.value.sessions + 1 });
        await this.#lost(session.peer, either);
        const young = performance.now() - bornMs < YOUNG_MS;
        youngDeaths = young ? youngDeaths + 1 : 0;
        if (!young) backoff.reset();
      } catch (error) {
        signal.throwIfAborted();
        if (session.moved.signal.aborted) {
          backoff.reset();
        } else if (error instanceof Problem && !FINAL.has(error.status)) {
          this.state.patch({ problem: error });
          retryAfterS = error.retryAfterS;
        } else throw error;
      }
      // The owner that is gone cannot be told.
      this.#hangUp(!session.moved.signal.aborted);
      this.state.patch({ phase: "reconnecting" });
      await pause(backoff.next(retryAfterS), signal, this.#wake);
    }
    this.#endAs("replaced");
  }

  /** Offer, answer, connected. Throws `Problem`. */
  async #connect(session: Session, signal: AbortSignal): Promise<void> {
    const { peer } = session;
    const track = this.#track;
    if (track === null) throw new Problem(0, "no-microphone", "There is no microphone.");
    peer.addEventListener("track", ({ track: sound }) => this.onSound(new MediaStream([sound])));
    peer.addTransceiver(track, { direction: "sendrecv" });
    await peer.setLocalDescription();
    await gathered(peer);
    signal.throwIfAborted();
    const response = await fetched(this.address, {
      method: "POST",
      credentials: this.access.credentials,
      headers: { ...this.access.headers, "Content-Type": "application/sdp" },
      body: peer.localDescription?.sdp ?? "",
      signal,
    });
    this.#servers.told(response.headers.get("Link"));
    const location = response.headers.get("Location");
    session.location = location === null ? null : new URL(location, response.url).href;
    session.epoch = Number(response.headers.get("X-Parvis-Stage-Epoch") ?? this.#stageEpoch);
    if (session.epoch < this.#stageEpoch) session.moved.abort();
    await peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
    await connected(peer, signal);
  }

  /** Resolves when the connection is lost. */
  async #lost(peer: RTCPeerConnection, signal: AbortSignal): Promise<void> {
    const watchdog = (this.#watchdog = new Watchdog());
    do await pause(LOOK_MS, signal);
    while (!watchdog.isLost(performance.now(), peer.connectionState, await packetsReceived(peer)));
  }
}

/** A browser that refuses the address of a server, which somebody has mistyped, goes on without any. */
function peerWith(iceServers: RTCIceServer[]): RTCPeerConnection {
  try {
    return new RTCPeerConnection({ iceServers });
  } catch {
    return new RTCPeerConnection();
  }
}

/** Tells of another network where the browser can: Chromium only. */
function networkInformation(): EventTarget | null {
  return (navigator as { connection?: EventTarget }).connection ?? null;
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
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    if (signal.aborted) aborted();
    signal.addEventListener("abort", aborted, { once: true });
    peer.addEventListener("connectionstatechange", look);
    look();
  });
}

async function packetsReceived(peer: RTCPeerConnection): Promise<number> {
  let packets = 0;
  (await peer.getStats()).forEach((report: { type: string; packetsReceived?: number }) => {
    if (report.type === "inbound-rtp") packets += report.packetsReceived ?? 0;
  });
  return packets;
}
