/** Which way the sound comes in this browser. */

import type { HearingKind } from "./hearing";
import { Listening } from "./listening";
import { hasMediaSource } from "./player";

/**
 * Where nothing can be pushed into a player, the browser's own plays HLS, if it has one: its code is fetched only there.
 * Without either, listening says so.
 */
export async function hearingKind(audio: HTMLAudioElement): Promise<HearingKind> {
  const plays = audio.canPlayType("application/vnd.apple.mpegurl") !== "";
  return hasMediaSource() || !plays ? Listening : (await import("./native-hls")).NativeHls;
}
