/** The lock screen and the headset buttons (W3C Media Session). */

import type { Hall } from "./model";

export function startMediaSession(hall: Hall): void {
  const session = (navigator as Partial<Navigator>).mediaSession;
  if (session === undefined) return;
  session.setActionHandler("play", () => hall.listening.start());
  session.setActionHandler("pause", () => hall.listening.stop());
  session.setActionHandler("stop", () => hall.listening.stop());
  let told = "";
  hall.space.subscribe((space) => {
    if (space === null) return;
    const now = `${space.title}\n${space.host.display_name}`;
    if (now === told) return;
    told = now;
    session.metadata = new MediaMetadata({ title: space.title, artist: space.host.display_name, album: "Parvis" });
  });
  hall.listening.state.subscribe(({ phase }) => {
    session.playbackState = phase === "idle" ? "paused" : phase === "ended" ? "none" : "playing";
  });
}
