// What others read at an address: node read.mjs calendar|card|embed URL. Prints one JSON value.

import ICAL from "ical.js";
import ogs from "open-graph-scraper";
import { unfurl } from "unfurl.js";

/** The events of a calendar, times as UTC. */
async function calendar(url) {
  const answer = await fetch(url);
  const parsed = new ICAL.Component(ICAL.parse(await answer.text()));
  return {
    type: answer.headers.get("content-type"),
    method: parsed.getFirstPropertyValue("method"),
    events: parsed.getAllSubcomponents("vevent").map((part) => {
      const event = new ICAL.Event(part);
      return {
        uid: event.uid,
        sequence: event.sequence,
        summary: event.summary,
        description: event.description,
        url: part.getFirstPropertyValue("url"),
        status: part.getFirstPropertyValue("status"),
        begins: event.startDate.toJSDate().toISOString(),
        zone: event.startDate.zone.tzid,
      };
    }),
  };
}

/** What a page says of itself to who shows a card of it: OpenGraph and Twitter. */
async function card(url) {
  const { result } = await ogs({ url, urlValidatorSettings: { require_tld: false, protocols: ["http"] } });
  return result;
}

/** What a page leads to for who embeds it: its oEmbed answer, found by the link in its head. */
async function embed(url) {
  return (await unfurl(url)).oEmbed ?? null;
}

const [kind, url] = process.argv.slice(2);
console.log(JSON.stringify(await { calendar, card, embed }[kind](url)));
