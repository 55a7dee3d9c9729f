/** Français : comment l’Espace se montre, qui peut venir, les laissez-passer, le partage, l’annulation, la copie. */

import { dayAndTime, number } from "../../shared/format";
import type { enSpace } from "./en-space";

const count = (n: number, one: string, many: string): string => `${number(n, "fr")} ${n < 2 ? one : many}`;

export const frSpace: typeof enSpace = {
  spaceCard: "Ce qu’on en voit",
  spaceEdit: "Modifier",
  noDescription: "Pas encore de description.",
  look: "Sujets, image, langue",
  lookShort: (topics, cover, language) =>
    [topics.length === 0 ? "aucun sujet" : topics.join(", "), cover ? "avec image" : "sans image", language].join(" · "),

  visibility: "Qui peut écouter",
  visibilities: {
    public: "Tout le monde : l’Espace est annoncé sur la page d’accueil",
    unlisted: "Ceux qui ont le lien : il n’est annoncé nulle part",
    members: "Les membres : il faut un laissez-passer de votre part",
  },
  visibilityShort: { public: "Public", unlisted: "Par lien", members: "Réservé aux membres" },
  visibilityHints: {
    public: "La recherche, votre profil et vos flux le montrent aussi.",
    unlisted: "Un lien, ça se transmet : c’est discret, pas fermé.",
    members: "Les autres ne voient que le titre, et si c’est en cours. Les laissez-passer se font à l’écran suivant.",
  },
  visibilityNow: "Ceux qui écoutent déjà sans laissez-passer peuvent rester jusqu’à leur départ.",

  topics: "Sujets",
  topicsHint: "5 au plus, pour qu’on vous trouve. Entrée ou virgule pour ajouter.",
  topicAdd: "Ajouter",
  topicRemove: (topic) => `Retirer le sujet ${topic}`,
  topicRefused: { long: "30 caractères au plus par sujet.", many: "5 sujets, c’est le maximum.", twice: "Ce sujet y est déjà." },

  cover: "Image",
  coverHint: "JPEG, PNG, WebP ou GIF, 5 Mo au plus. Elle sera recadrée en 16/9.",
  coverChoose: "Choisir une image",
  coverOther: "En choisir une autre",
  coverDrop: "La retirer",
  coverKeep: "Finalement, la garder",
  coverGoes: "Elle disparaîtra à l’enregistrement.",
  coverAlt: "L’image de cet Espace",
  coverTooBig: "Ce fichier dépasse 5 Mo.",

  passes: "Laissez-passer",
  passesHint: "C’est un lien qui ouvre la porte. À vous de dire combien peuvent écouter en même temps avec chacun : trop partagé, il s’arrête tout seul.",
  passesNone: "Personne n’a encore de laissez-passer : hors de la scène, personne ne peut écouter.",
  passesOpen: "Ils ne comptent que si l’Espace est réservé aux membres. Pour l’instant, personne n’en a besoin.",
  passesCount: (n, listening) => `${number(n, "fr")} en cours, ${listening === 0 ? "personne n’écoute" : count(listening, "personne écoute", "personnes écoutent")}`,
  passNew: "Faire des laissez-passer",
  passNames: "Pour qui",
  passNamesHint: "Un nom par ligne, un laissez-passer par nom. Seuls vous et vos co-hôtes les lisez.",
  passNamesExample: "La rédaction\nJury, table 4",
  passUses: "Combien peuvent écouter avec chacun",
  passUsesChoice: (n) => (n === 1 ? "Une personne" : `Jusqu’à ${number(n, "fr")}`),
  passFor: "Valable",
  passForChoice: (s) =>
    s === 0 ? "Autant que l’Espace" : s >= 86_400 ? count(s / 86_400, "jour", "jours") : count(s / 3_600, "heure", "heures"),
  passMake: (n) => (n > 1 ? `Faire ${number(n, "fr")} laissez-passer` : "Faire le laissez-passer"),
  passMaking: (done, n) => `${number(done, "fr")} sur ${number(n, "fr")}…`,
  passTooMany: "50 à la fois au plus.",
  passNameLong: (name) => `« ${name}… » dépasse 60 caractères.`,
  passMade: (n) => (n === 1 ? "Le laissez-passer est prêt." : `${number(n, "fr")} laissez-passer sont prêts.`),
  passCopyAll: "Tout copier, avec les noms",
  passUnnamed: "Sans nom",
  passUse: (listening, uses) => `${number(listening, "fr")} sur ${number(uses, "fr")} à l’écoute`,
  passUntil: (at) => `jusqu’au ${dayAndTime(at, "fr")}`,
  passIs: { revoked: "Repris", shared: "Arrêté : trop partagé", banned: "Arrêté : son porteur est banni", expired: "Périmé" },
  passCopy: "Copier le lien",
  passCopyOf: (name) => `Copier le lien de ${name}`,
  passRevoke: "Reprendre",
  passRevokeOf: (name) => `Reprendre le laissez-passer de ${name}`,
  passRevokeAsk: (name) => `Reprendre le laissez-passer de ${name} ?`,
  passRevokeWhat: (listening) =>
    [
      listening === 0 ? "Personne n’écoute avec en ce moment."
        : `${count(listening, "personne qui écoute avec n’entendra", "personnes qui écoutent avec n’entendront")} plus rien, dans la seconde.`,
      "C’est définitif ; vous pourrez en faire un autre.",
    ].join(" "),
  passSearch: "Trouver un laissez-passer",
  passMore: (n) => `Voir la suite, encore ${number(n, "fr")}`,
  passesVoid: (n) => `${number(n, "fr")} qui ${n < 2 ? "n’est" : "ne sont"} plus bon${n < 2 ? "" : "s"}`,

  shareMembers: "Seul, ce lien n’ouvre à personne : il montre le titre. Envoyez des laissez-passer.",
  shareUnlisted: "Avec ce lien, on écoute, sans compte.",
  shareSend: "Envoyer…",
  embedCode: "L’intégrer dans une page",
  embedHint: "Un lecteur de 480 pixels sur 180, sans cookie. Il devient la réécoute tout seul.",
  embedMembers: "Un Espace réservé aux membres ne s’intègre pas : le laissez-passer est dans le lien de chacun.",
  moreLinks: "Intégrer, agenda, autres lecteurs",
  calendarLink: "Pour l’agenda",
  calendarHint: "Rappelle dix minutes avant, et suit si l’heure change.",
  playlistLink: "Pour radios et lecteurs",
  playlistHint: "S’ouvre dans VLC, une appli de podcasts, un poste de radio.",

  callOff: "Annuler l’Espace",
  callOffNo: "Le garder",
  callOffShort: "Tout annuler",
  callOffAsk: "Annuler cet Espace ?",
  callOffWhat: (seats, listeners, hasTime) =>
    [
      "Il n’aura pas lieu, et on ne revient pas en arrière.",
      ...(hasTime ? ["Dans l’agenda de ceux qui l’ont noté, il sera barré."] : []),
      "Qui ouvre le lien lira qu’il est annulé.",
      ...(listeners > 0 ? [`${count(listeners, "personne qui y attend le lira", "personnes qui y attendent le liront")} à l’instant.`] : []),
      ...(seats > 0 ? [`${count(seats, "autre personne perd sa", "autres personnes perdent leur")} place sur scène.`] : []),
      "Invitations et laissez-passer ne valent plus rien.",
    ].join(" "),
  calledOff: "Annulé",
  calledOffHint: "Il n’aura pas lieu. Les agendas et le lien le disent.",

  duplicate: "En faire une copie",
  duplicateAgain: "En refaire un pareil",
  duplicateAsk: "Faire une copie de cet Espace",
  duplicateWhat: "Textes, sujets, image et réglages suivent ; pas les places, les laissez-passer ni la discussion. Celui-ci ne change pas.",
  duplicateAct: "Faire la copie",


  publicLinks: "Ce qu’on peut suivre",
  profileLink: "Votre page",
  feedLink: "Flux podcast",
  feedHint: "Pour les applis de podcasts : vos réécoutes publiques, et ce qui est en cours.",
  calendarOfMine: "L’agenda de vos Espaces",
  calendarOfMineHint: "Pour qui s’y abonne : chacun de vos Espaces publics, dès l’annonce.",
};
