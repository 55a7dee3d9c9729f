/** The listener's page: takes over what the edge has painted. */

import { render } from "preact";
import "../shared/base.css";
import { keepFocus } from "../shared/focus";
import { startLanguage } from "../shared/language";
import "./hall.css";
import "./captions.css";
import "./dock.css";
import "./poll.css";
import { hearingKind } from "./hearing-kind";
import { startMediaSession } from "./media-session";
import { Hall } from "./model";
import { HallPage } from "./page";

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
  keepFocus(root);
  render(<HallPage hall={hall} root={root} />, root);
}

void open(app);
