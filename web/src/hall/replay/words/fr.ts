/** La réécoute en français : écrite pour elle-même, pas traduite. */

import { clock, dayTimeAndZone, number, span } from "../../../shared/format";
import { at } from "../../../shared/handle";
import type { Words } from "./en";

const mo = (bytes: number): string => number(Math.max(0.1, Math.round(bytes / 100_000) / 10), "fr");

export const fr: Words = {
  badge: "À réécouter",
  heldOn: (at, lasted_ms) => `${dayTimeAndZone(at, "fr")} · ${span(lasted_ms)}`,
  peak: (n) => (n < 2 ? "1 personne au plus fort" : `${number(n, "fr")} personnes au plus fort`),
  squareLabel: (n, speaking) =>
    `La place ce jour-là, ${n < 2 ? "1 auditeur" : `${number(n, "fr")} auditeurs`} autour de la scène` +
    (speaking === null ? "." : `, ${speaking} parle.`),
  speaking: (name) => `${name} parle`,
  quiet: "Personne ne parle",
  play: "Écouter",
  pause: "Pause",
  back: "Reculer de 15 secondes",
  forward: "Avancer de 15 secondes",
  speed: "Vitesse",
  seek: "Position",
  position: (at_ms, of_ms, who) => `${clock(at_ms)} sur ${clock(of_ms)}${who === null ? "" : `, ${who}`}`,
  gathering: "Le son arrive…",
  failed: "Le son ne vient pas. Touchez « Écouter » pour réessayer.",
  unplayable: "Ce navigateur ne lit pas l’enregistrement, mais vous pouvez le télécharger.",
  lost: (ms) => `${span(ms)} de son ne nous sont jamais parvenues : c’est du silence ici.`,
  silenced: (ms) => `${span(ms)} ont été coupées par les hôtes.`,
  chapters: "Qui a parlé, et quand",
  floor: (ms) => `a eu la parole ${span(ms)}`,
  lane: (name) => `Quand ${name} a parlé`,
  captions: "Sous-titres",
  chat: "Discussion",
  chatEmpty: "Rien n’avait encore été écrit.",
  share: "Partager d’ici",
  shared: "Lien copié",
  download: "À emporter",
  file: { aac: (bytes) => `M4A, ${mo(bytes)} Mo`, opus: (bytes) => `Opus, ${mo(bytes)} Mo` },
  clips: "Extraits",
  clip: "Extrait",
  clipBy: (handle, ms) => `${span(ms)}, choisi par ${at(handle)}`,
  whole: "Tout réécouter",
  clipGone: "Cet extrait n’est plus là. Voici le tout.",
  keys: "Au clavier : espace pour écouter ou couper, J et L pour 15 s en arrière ou en avant, N et P pour changer de voix, < et > pour la vitesse.",
};
