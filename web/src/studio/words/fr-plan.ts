/** Français : le plan d’un Espace, et l’essai de son. */

import { clock, dayAndTime, number, timeOfDay } from "../../shared/format";
import { at } from "../../shared/handle";
import type { enPlan } from "./en-plan";

const often = (n: number): string => (n > 1 ? ` (${n} fois)` : "");
const count = (n: number, one: string, many: string): string => `${number(n, "fr")} ${n < 2 ? one : many}`;

export const frPlan: typeof enPlan = {
  zone: "Fuseau horaire",
  alsoAt: (own, utc) => `Chez vous : ${own}. En UTC : ${utc}.`,
  inWords: (at) => dayAndTime(at, "fr"),
  timePast: "Cette heure est passée.",
  noSuchTime: "Ce n’est pas une heure.",
  more: "Et encore : le son d’attente, la relève, la fermeture",
  inShort: "En bref",

  recording: "Enregistrement",
  recordingChoice: {
    off: "Pas d’enregistrement",
    program: "Enregistrer ce que le public entend",
    tracks: "L’enregistrer, et chaque voix à part",
  },
  recordingHint: {
    off: "Rien n’est gardé.",
    program: "Pour réécouter, faire des extraits, un podcast. Toute la scène voit que c’est enregistré.",
    tracks: "Pour le montage. Toute la scène voit que chaque voix est enregistrée à part.",
  },

  standby: "Quand personne ne parle, le public entend",
  standbyChoice: {
    silence: "Le silence",
    tone: "Un accord, doucement",
    notice: "Une voix qui demande de rester",
    loop: "Un son à vous",
  },
  hear: "Écouter",
  hearStop: "Arrêter",
  hearFailed: "Ce navigateur ne sait pas le lire ; le serveur, peut-être.",
  loopChoose: "Choisir un son",
  loopOther: "En choisir un autre",
  loopHint: "De 1 à 30 secondes, 5 Mo au plus. Il tourne en boucle, sans couture.",
  loopThere: "Votre son est en place.",
  loopTooBig: "Ce fichier dépasse 5 Mo.",

  autoStart: "Passer en direct tout seul à cette heure",
  autoStartHint: "Sinon, c’est vous qui appuyez.",
  ifAbsent: "Si je ne suis pas là",
  ifAbsentChoice: {
    hold: "M’attendre, moi ou un co-hôte, avec le son d’attente",
    acting: "Commencer avec ceux qui sont là",
    postpone: "Repousser",
  },
  postponeBy: "De combien",
  minutes: (n) => count(n, "minute", "minutes"),
  hours: (n) => count(n, "heure", "heures"),
  days: (n) => count(n, "jour", "jours"),
  seconds: (n) => count(n, "seconde", "secondes"),

  grace: "Si je décroche, on prend la relève",
  atOnce: "aussitôt",
  after: (time) => `au bout de ${time}`,
  successors: "Qui prend la relève",
  successorsHint: "Les co-hôtes d’abord. Puis, parmi les personnes nommées ici et présentes, celle qui est sur scène depuis le plus longtemps.",
  successorAdd: "Ajouter",
  successorHandle: "Identifiant d’une personne à la tribune",
  successorRemove: (handle) => `${at(handle)} ne prend plus la relève`,
  keepOpen: "Si la scène est vide, garder l’Espace ouvert",
  keepOpenEver: "jusqu’à ce qu’on le termine",

  shortStart: (at) => `En direct tout seul, ${dayAndTime(at, "fr")}.`,
  shortAnnounced: (at) => `Annoncé pour ${dayAndTime(at, "fr")} ; c’est vous qui appuyez.`,
  shortNow: "En direct quand vous appuyez.",
  shortAbsent: { hold: "Sans vous, on attend.", acting: "Sans vous, on commence quand même.", postpone: "Sans vous, on repousse." },
  shortTakeOver: (when) => `Si vous décrochez, on prend la relève ${when}.`,

  plan: "Le plan",
  planEdit: "Changer le plan",
  planSave: "Enregistrer",
  planSaved: "C’est enregistré.",
  undo: "Annuler",
  planBegun: "C’est commencé : l’heure ne peut plus changer.",

  goLiveIn: (left) => `En direct dans ${left}`,
  goLiveNow: "En direct d’un instant à l’autre",
  byItself: (at) => `À ${timeOfDay(at, "fr")}, le direct commence tout seul, à la seconde.`,
  byHand: (at) => `Annoncé pour ${timeOfDay(at, "fr")}. C’est vous qui appuyez.`,
  andIfAbsent: {
    hold: "Sans hôte ni co-hôte sur scène, le public attend avec le son d’attente.",
    acting: "Sans l’hôte, on commence avec ceux qui sont là.",
    postpone: "Sans l’hôte, c’est repoussé.",
  },
  connectFirst: "Vous n’êtes pas encore sur scène : branchez votre micro.",
  wasPostponed: (times, at) =>
    `L’hôte n’était pas là : c’est repoussé${often(times)}, ${dayAndTime(at, "fr")}.`,
  hostAwaited: "C’est l’heure. Le public entend le son d’attente jusqu’à ce que l’hôte ou un co-hôte soit sur scène.",
  lateBy: (ms) => `${clock(ms)} de retard`,

  check: { good: "Bon son", fair: "Peut mieux faire", bad: "À corriger", waiting: "On écoute…" },
  advice: {
    "too-quiet": "Trop faible : rapprochez-vous, ou montez le micro.",
    "too-loud": "Trop fort : reculez un peu.",
    clipping: "Ça grésille : baissez le micro.",
    noisy: "Du bruit derrière la voix : fermez une fenêtre, ou changez de pièce.",
    echo: "Les autres s’entendent en retour : mettez un casque.",
    lossy: "Le réseau perd du son : prenez un câble, ou un autre Wi-Fi.",
    far: "Tout arrive en retard : la liaison est lente.",
    unsteady: "La liaison est irrégulière : prenez un câble, ou un autre Wi-Fi.",
    "no-sound": "Aucun son n’arrive : est-ce le bon micro, est-il allumé ?",
    "say-something": "Dites quelques phrases.",
  },
  checkOf: (name) => `Essai de son : ${name}`,
};
