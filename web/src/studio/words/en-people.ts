/** English: whom one invites, and is invited by. */

import { number } from "../../shared/format";

export const enPeople = {
  inviteHandle: "Somebody with an account here",
  inviteHandleHint: "They see it on their own page, and in the hall if they listen. Nobody else can use it.",
  inviteSend: "Invite",
  invitesOut: "Not answered yet",
  inviteWaits: "not answered yet",
  inviteLink: "Invitation link",
  inviteUses: (n: number) => (n === 1 ? "good for 1 more person" : `good for ${number(n, "en")} more people`),
  inviteRevoke: "Take back",
  inviteRevokeOf: (whom: string) => `Take the invitation back: ${whom}`,
  invitations: "You're awaited on stage",
  invites: (whom: string, role: "co-host" | "speaker") => (role === "co-host" ? `${whom} invites you as co-host` : `${whom} invites you on stage`),
  declineSeat: "No, thank you",

  following: "Whom you follow",
  followingNone: "Nobody yet. Profiles have a button for it.",
  unfollow: "Unfollow",
  unfollowThem: (whom: string) => `Unfollow ${whom}`,
  blocks: "Whom you blocked",
  blocksHint: "They can't follow or invite you, nor raise a hand or write where you are the host. Nobody tells them.",
  blocksNone: "Nobody.",
  blockHandle: "Block somebody",
  block: "Block",
  unblock: "Unblock",
  unblockThem: (whom: string) => `Unblock ${whom}`,
  relationsMore: (left: number) => `Show ${number(left, "en")} more`,
};
