/** Le hall en français : écrit pour lui-même, pas traduit. */

import { clock, dayTimeAndZone, number, seconds, span, timeOfDay, timeToTheSecond } from "../../shared/format";
import type { Words } from "./en";

const count = (n: number, one: string, many: string): string => `${number(n, "fr")} ${n < 2 ? one : many}`;

export const fr: Words = {
  tabTitle: (title) => `${title} · Parvis`,
  otherLanguage: "Switch to English",
  hostedBy: (name) => `avec ${name}`,
  badge: { scheduled: "À venir", live: "En direct", held: "En suspens", ended: "Terminé" },

  listen: "Écouter",
  pause: "Pause",
  waitHere: "Attendre ici",
  stopWaiting: "Ne plus attendre",
  joining: "On arrive…",
  volume: "Volume",
  mute: "Couper le son",
  unmute: "Remettre le son",

  hand: "Lever la main",
  captions: "Sous-titres",
  captionsSize: "Taille des sous-titres",
  handUp: "Main levée",
  handCalled: "C’est à vous",
  chat: "Discuter",
  chatNew: (n) => (n === 0 ? "Discuter" : `Discuter, ${n > 99 ? "plus de 99" : n} ${n < 2 ? "nouveau message" : "nouveaux messages"}`),
  loading: "Un instant…",
  reactions: "Réagir",
  reaction: ["Bravo", "J’adore", "Ça me fait rire", "Ça alors", "Ça chauffe", "D’accord", "Félicitations", "Merci"],
  reactionsHeard: "Réactions",
  poll: "Sondage",
  pollClosed: "Sondage terminé",
  pollVotes: (n) => (n === 0 ? "Personne n’a encore voté" : count(n, "voix", "voix")),
  pollEnds: (ms) => `Fin dans ${clock(ms)}`,
  pollShare: (share, votes) => `${Math.round(share * 100)} %, ${count(votes, "voix", "voix")}`,
  pollYours: "votre choix",
  pollThanks: "Votre voix est comptée.",
  pollRefused: (code) =>
    code === "poll-closed" ? "Le sondage s’est terminé avant votre voix." :
    code === "too-many-requests" ? "Trop de voix sont venues de votre réseau. La vôtre n’est pas comptée." : "Votre voix n’est pas passée. Touchez encore.",

  listening: (n) => (n === 0 ? "Personne n’écoute encore" : count(n, "personne écoute", "personnes écoutent")),
  scale: (scale) => (scale === 1 ? "Un point, une personne." : `Un point, ${number(scale, "fr")} personnes.`),
  squareLabel: (listeners, speaking) =>
    `La place : ${count(listeners, "auditeur", "auditeurs")} autour de la scène` +
    (speaking === null ? "." : `, ${speaking} parle.`),
  onStage: "Sur scène",
  nobodyOnStage: "Personne n’est encore sur scène.",
  role: { host: "hôte", "co-host": "co-hôte", speaker: "à la tribune" },
  actingRole: "remplace l’hôte",
  acting: (name) => `On a perdu l’hôte. L’Espace reste ouvert ; ${name} prend le relais.`,
  recording: "Enregistré",
  recordingHint: "Ce qui se dit ici est enregistré, et pourra se réécouter.",
  speaking: (name) => `${name} parle`,
  muted: "micro coupé",
  away: "pas connecté",
  quiet: "Personne ne parle",

  delay: (ms) => `${seconds(ms, "fr")} s`,
  behind: "après la scène",
  delayTitle: "D’où vient ce décalage ?",
  delayWhy: (delayMs, aheadMs) =>
    `Ce que vous entendez a été dit il y a ${seconds(delayMs, "fr")} s. Votre navigateur en garde ` +
    `${seconds(aheadMs, "fr")} s d’avance, pour qu’un réseau faible ne hache pas le son. Quand la foule ` +
    "arrive, le décalage s’allonge ; le son, lui, ne s’arrête pas.",
  delayCrowded: (burstMs) =>
    `La place est noire de monde : le son vient par tranches de ${seconds(burstMs, "fr")} s, pour que tout le monde ` +
    "puisse rester.",
  delayWinning: "La foule se desserre : la lecture accélère un peu, jusqu’à vous ramener près de la scène.",
  delaySound: "Son",
  delayLost: "Son perdu jusqu’ici",
  delayNone: "rien",
  delayLostValue: (ms, gaps) => `${seconds(ms, "fr")} s, en ${count(gaps, "fois", "fois")}`,
  rendition: { opus: "Opus", aac: "AAC" },

  scheduled: (at) => `Début ${dayTimeAndZone(at, "fr")}`,
  scheduledUnknown: "Pas encore commencé",
  scheduledIn: (ms) => (ms > 86_400_000 ? `dans ${count(Math.floor(ms / 86_400_000), "jour", "jours")}` : clock(ms)),
  scheduledLate: "D’un instant à l’autre",
  scheduledHint: "Touchez « Attendre ici » : le son viendra tout seul, dès le premier mot.",
  scheduledArmed: "Vous êtes en place. Le son viendra tout seul, dès le premier mot.",
  scheduledOpen: "Touchez « Écouter » : un son d’attente d’abord, puis le premier mot, tout seul.",
  scheduledHeard: "Ce que vous entendez est le son d’attente. Le premier mot viendra tout seul.",
  hostAwaited: "On attend l’hôte",
  hostAwaitedHint: "C’était pour maintenant. Ça commence dès que l’hôte est là ; rien à faire.",
  postponed: (at) => `Reporté : ${dayTimeAndZone(at, "fr")}`,
  postponedHint: "L’hôte n’a pas pu être là à l’heure dite.",
  connecting: "On vous fait entrer…",
  buffering: "Le son arrive…",
  bufferingHint: "Votre réseau est lent en ce moment. Ça repart tout seul.",
  reconnecting: (silentMs) => `Sans son depuis ${span(silentMs)}`,
  reconnectingHint: "La connexion a lâché. On la rétablit, et vous reprenez là où vous en étiez.",
  missed: (ms) => `${seconds(ms, "fr")} s de son perdues`,
  missedHint: "La connexion a manqué trop longtemps pour les rattraper. Vous revoilà.",
  waiting: "La place est pleine pour l’instant",
  waitingHint: (at, inMs) =>
    `On vous garde une place à ${timeOfDay(at, "fr")}, dans ${span(inMs)}. Vous entrerez sans rien faire.`,
  appointment: (ahead, at) =>
    `${ahead === 0 ? "Plus personne" : count(ahead, "personne", "personnes")} avant vous. ` +
    `Vous entrez à ${timeToTheSecond(at, "fr")}, sans rien faire.`,
  appointmentNow: "C’est à vous",
  kept: "On vous garde votre tour",
  keptHint: (at) =>
    `Vous entrez à ${timeToTheSecond(at, "fr")}. Touchez « Écouter » une fois, pour que le navigateur joue le son.`,
  keptNow: "C’est votre tour : touchez « Écouter » et vous entrez.",
  crowded: "La place est noire de monde",
  crowdedHint: (delayMs) =>
    `Vous entendez la scène avec ${number(Math.round(delayMs / 1000), "fr")} s de retard, pour que tout le monde puisse rester.`,
  crowdedAloud: "La place est noire de monde : vous entendez la scène avec quelques secondes de retard, pour que tout le monde puisse rester.",
  held: "La scène est vide pour l’instant",
  heldHint: "Tout le monde est parti ou a perdu la connexion. L’Espace reste ouvert : le son revient avec le premier de retour.",
  heldActing: (name) => `En attendant l’hôte, ${name} prend le relais.`,
  handed: (title) => `Vous écoutez maintenant « ${title} ».`,
  handedShown: (title) => `La suite est ici : « ${title} ».`,
  handedGoing: (host) => `La suite est sur ${host}. On vous y emmène…`,
  handedAway: (host) => `La suite est sur ${host}, qui ne répond pas pour l’instant.`,
  handedElsewhere: (host) => `Le son vient maintenant de ${host}.`,
  handedOpen: "L’ouvrir là-bas",
  handedBy: (handle) => `Décidé par @${handle}.`,
  dismiss: "Fermer ce message",
  ended: "C’est terminé",
  endedHint: (lastedMs) =>
    lastedMs === null ? "Merci d’être venu." : `L’échange a duré ${span(lastedMs)}. Merci d’être venu.`,
  replayMaking: "L’enregistrement se prépare. Il apparaîtra ici tout seul.",
  replayDeleted: "L’hôte a supprimé l’enregistrement.",
  replayAway: "L’enregistrement ne répond pas pour l’instant ; on redemandera.",
  cancelled: "C’est annulé",
  cancelledHint: "La rencontre n’aura pas lieu. Votre agenda le dira aussi, si vous l’y aviez mise.",
  remind: "Me le rappeler",
  members: "Cet Espace est réservé à ses membres",
  membersHint: "Ouvrez en entier le lien que vous avez reçu : c’est sa fin qui vous fait entrer.",
  passOver: "Votre lien n’est plus valable. Redemandez-en un à qui vous l’a envoyé.",
  passFull: "Votre lien est déjà pris",
  passFullHint: "Il y a autant d’auditeurs par ce lien qu’il en permet. Demandez-en un pour vous, ou revenez plus tard.",
  openHall: "Ouvrir dans Parvis",
  unknown: "Il n’y a rien à cette adresse",
  unknownHint: "Le lien a peut-être été coupé. Redemandez-le en entier à qui vous l’a envoyé.",
  offline: "Vous êtes hors ligne",
  offlineHint: "Le son revient dès que votre réseau revient.",
  refused: "Encore une touche",
  refusedHint: "Votre navigateur ne joue du son que si vous le demandez.",
  unsupported: "Ce navigateur ne sait pas jouer le direct",
  unsupportedHint: "Il faut une version récente de Chrome, Firefox, Edge ou Safari (iOS 17.1 au moins).",
};
