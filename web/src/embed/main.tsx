/**
 * The player for other sites' frames: title, state, play and pause, a link to the hall.
 *
 * The same listening as in the hall, with nothing around it: no chat, no cookie, nothing from anybody else. What needs
 * more room than a frame has (hands, a pass, the replay) is in the hall, in a tab of its own.
 */

import { render } from "preact";
import "../shared/base.css";
import { startLanguage } from "../shared/language";
import { hearingKind } from "../hall/hearing-kind";
import { startMediaSession } from "../hall/media-session";
import { Hall } from "../hall/model";
import "./embed.css";
import { EmbedPage } from "./page";

const app = document.getElementById("app");
if (app === null) throw new Error("the page has no #app");

startLanguage();
const audio = document.createElement("audio");
audio.dataset.testid = "audio";
audio.preload = "none";

async function open(root: HTMLElement): Promise<void> {
  const hall = new Hall(audio, await hearingKind(audio));
  root.replaceChildren();
  document.body.append(audio);
  startMediaSession(hall);
  render(<EmbedPage hall={hall} root={root} />, root);
}

void open(app);
