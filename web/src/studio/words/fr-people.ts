/** Français : qui l’on invite, et par qui l’on est invité. */

import { number } from "../../shared/format";
import type { enPeople } from "./en-people";

export const frPeople: typeof enPeople = {
  inviteHandle: "Quelqu’un qui a un compte ici",
  inviteHandleHint: "L’invitation l’attend sur sa page, et dans le hall pendant l’écoute. Elle ne sert à personne d’autre.",
  inviteSend: "Inviter",
  invitesOut: "Sans réponse pour l’instant",
  inviteWaits: "sans réponse pour l’instant",
  inviteLink: "Lien d’invitation",
  inviteUses: (n) => (n === 1 ? "encore bon pour 1 personne" : `encore bon pour ${number(n, "fr")} personnes`),
  inviteRevoke: "Reprendre",
  inviteRevokeOf: (whom) => `Reprendre l’invitation : ${whom}`,
  invitations: "On vous attend sur scène",
  invites: (whom, role) => (role === "co-host" ? `${whom} vous propose de coanimer` : `${whom} vous invite sur scène`),
  declineSeat: "Non merci",

  following: "Qui vous suivez",
  followingNone: "Personne encore. Chaque profil a un bouton pour cela.",
  unfollow: "Ne plus suivre",
  unfollowThem: (whom) => `Ne plus suivre ${whom}`,
  blocks: "Qui vous avez bloqué",
  blocksHint: "Ces comptes ne peuvent ni vous suivre, ni vous inviter, ni lever la main ou écrire là où vous animez. Rien ne le leur dit.",
  blocksNone: "Personne.",
  blockHandle: "Bloquer quelqu’un",
  block: "Bloquer",
  unblock: "Débloquer",
  unblockThem: (whom) => `Débloquer ${whom}`,
  relationsMore: (left) => `En voir ${number(left, "fr")} de plus`,
};
