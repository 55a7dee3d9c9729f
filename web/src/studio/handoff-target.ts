/** Where a share link leads that somebody pasted: another Space here, or one of another Parvis. Pure. */

export type Target = { to: string } | { url: string; site: string } | "here" | "bad";

/** `share` is the link of the Space that one is in. Links to another Parvis must be https (docs/protocol.md §4). */
export function targetOf(pasted: string, share: string): Target {
  const link = URL.canParse(pasted.trim()) ? new URL(pasted.trim()) : null;
  const own = new URL(share);
  const space = /^\/s\/([A-Za-z0-9]+)\/?$/.exec(link?.pathname ?? "")?.[1];
  if (link === null || space === undefined) return "bad";
  if (link.origin === own.origin) return own.pathname === `/s/${space}` ? "here" : { to: space };
  if (link.protocol !== "https:" || link.username !== "" || link.password !== "") return "bad";
  return { url: `${link.origin}/s/${space}`, site: link.hostname };
}
