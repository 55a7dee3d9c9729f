/**
 * Home and profiles: control writes them whole. What is done here is only what a server can't know: the reader's time
 * zone, and whether the reader follows this host or has blocked it. Without it nothing is missing but that.
 */

import "../shared/base.css";
import { dayTimeAndZone } from "../shared/format";
import type { Language } from "../shared/language";
import { startRelation } from "./follow";
import "./home.css";

const language: Language = document.documentElement.lang === "fr" ? "fr" : "en";

for (const time of document.querySelectorAll<HTMLTimeElement>("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) time.textContent = dayTimeAndZone(at, language);
}

const follow = document.querySelector<HTMLButtonElement>("#follow");
const block = document.querySelector<HTMLButtonElement>("#block");
const note = document.querySelector<HTMLElement>("#relation");
if (follow !== null && block !== null && note !== null) void startRelation({ follow, block, note });
