/** What a newsroom pastes into an article: the same frame that oEmbed gives (`src/parvis/api/routes/sharing.py`). Pure. */

import type { Space } from "./types";

export const PLAYER_WIDTH = 480;
export const PLAYER_HEIGHT = 180;

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };

export function embedCode({ title, links }: Pick<Space, "title"> & { links: Pick<Space["links"], "embed"> }): string {
  const safe = (text: string): string => text.replace(/[&<>"']/gu, (found) => ENTITIES[found] ?? found);
  return (
    `<iframe src="${safe(links.embed)}" width="${PLAYER_WIDTH}" height="${PLAYER_HEIGHT}" title="${safe(title)}" ` +
    'allow="autoplay" loading="lazy" style="border:0"></iframe>'
  );
}
