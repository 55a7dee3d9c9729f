/** Le sous-titrage en français. */

import type { enCaptions } from "./en-captions";

const list = (names: string[]): string => new Intl.ListFormat("fr").format(names);
const language = (code: string): string => new Intl.DisplayNames("fr", { type: "language" }).of(code) ?? code;

export const frCaptions: typeof enCaptions = {
  captions: "Sous-titres",
  captionsModes: { off: "Aucun", automatic: "Par une machine", human: "Par des personnes" },
  captionsNoMachine: (languages) =>
    languages.length === 0
      ? "Aucune machine ne sous-titre ici en ce moment : rien ne s’affichera. Des personnes le peuvent."
      : `Ici, la machine ne comprend que ceci : ${list(languages.map(language))}. Rien ne s’affichera. Des personnes peuvent sous-titrer toute langue.`,
  captionsBy: "Qui écrit, outre les hôtes",
  captionsByHint: "Des identifiants séparés par des espaces. On écrit depuis la page de cet Espace au studio, sans être sur scène.",
  captionsPage: "La page à leur envoyer",
  captionsLine: "Ce qui se dit",
  captionsCorrecting: "Corrigez la ligne ; vide, elle est retirée",
  captionsCorrect: "Corriger",
  captionsSent: "Lignes envoyées",
  captionsHint: "Entrée envoie la ligne, à l’instant de sa première lettre. Flèche haut corrige la dernière.",
  captionsNotYet: "Vous pourrez écrire dès que l’Espace sera en direct.",
  captionsListen: "Vous sous-titrez cet Espace.",
  captionsOpenHall: "Ouvrir le hall pour écouter",
};
