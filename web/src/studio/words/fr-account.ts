/** Français : son propre compte. */

import { dayAndTime, number } from "../../shared/format";
import { at } from "../../shared/handle";
import type { enAccount } from "./en-account";

export const frAccount: typeof enAccount = {
  account: "Votre compte",
  publicProfile: "Tel que les autres le voient",
  profile: "Profil",
  bio: "Quelques mots sur vous",
  bioLeft: (left: number) => `Encore ${number(left, "fr")} caractères`,
  save: "Enregistrer",
  saved: "Enregistré.",
  yourPicture: "Votre photo",
  choosePicture: "Choisir une photo",
  dropPicture: "L’enlever",

  passkeys: "Clés d’accès",
  passkeysHint: "Entrez d’une empreinte, d’un regard ou avec le code de votre appareil. Rien à retenir, rien à voler.",
  passkeysUnknown: "Ce navigateur est trop ancien pour les clés d’accès.",
  newPasskey: "Nouvelle clé",
  makeIt: "Continuer",
  passkeyName: "Nom",
  passkeyNameHint: "Pour la reconnaître dans cette liste.",
  thisDevice: "Cet appareil",
  confirmHint: "Votre connexion date un peu : confirmez que c’est bien vous.",
  madeOn: (at: Date) => `Créée ${dayAndTime(at, "fr")}, jamais utilisée`,
  usedOn: (at: Date) => `Utilisée ${dayAndTime(at, "fr")}`,
  drop: "Enlever",
  dropPasskeyNamed: (name: string) => `Enlever la clé ${name}`,
  dropPasskeyAsk: (name: string) => `Enlever la clé « ${name} » ?`,
  dropPasskeyWhat: "Elle n’ouvrira plus votre compte. Votre appareil la proposera encore tant que vous ne l’y effacez pas.",
  signInByPasskey: "Entrer avec une clé d’accès",
  signInAt: (name: string) => `Entrer avec ${name}`,
  or: "ou",

  passwordNow: "Mot de passe actuel",
  passwordNew: "Nouveau mot de passe",
  passwordChange: "Changer le mot de passe",
  passwordEnds: "Un nouveau mot de passe vous déconnecte partout ailleurs.",
  passwordNone: "Vous n’en avez pas. Choisissez-en un pour pouvoir aussi entrer avec.",

  sessions: "Où vous êtes connecté",
  unknownDevice: "Un appareil qui n’a pas dit son nom",
  thisOne: "Celui-ci, en ce moment",
  seenOn: (at: Date) => `Vu ${dayAndTime(at, "fr")}`,
  endSession: "Déconnecter",
  endSessionOn: (device: string) => `Déconnecter ${device}`,
  endOthers: "Déconnecter partout ailleurs",

  yourData: "Vos données",
  exportHint: "Tout ce qui est gardé ici à votre sujet, en un fichier.",
  exportAll: "Le télécharger",
  deleteAccount: "Supprimer mon compte",
  deleteAsk: "Supprimer votre compte pour de bon ?",
  deleteWhat: (handle: string) =>
    `Vous quittez toutes les scènes. Un Espace dont vous êtes l’hôte continue avec un co-hôte, ou prend fin. Plus personne ne s’appellera ${at(handle)}. Les enregistrements de vos Espaces restent : supprimez-les d’abord. C’est irréversible.`,
  operatorsStay: "Vous faites tourner ce Parvis : le compte reste tant que vous restez.",

  accountErrors: {
    "password-wrong": "Ce n’est pas votre mot de passe.",
    "sign-in-again": "Votre connexion est trop ancienne pour cela. Déconnectez-vous, revenez, et recommencez.",
    "picture-unreadable": "Cette image est illisible. Essayez un PNG, un JPEG ou un WebP.",
    "passkey-known": "Cet appareil a déjà une clé pour vous.",
    "passkey-invalid": "Cette clé ne convient pas. Recommencez.",
    "passkeys-off": "Les clés d’accès ne marchent pas ici.",
    "last-way-in": "C’est votre seul moyen d’entrer. Choisissez d’abord un mot de passe.",
    blocked: "Ce compte vous a bloqué.",
    "openid-refused": "Cette connexion n’a pas abouti. Recommencez.",
    "openid-no-account": "Personne ici n’entre avec ce compte. Demandez à qui fait tourner ce Parvis.",
    "openid-away": "Le service où vous vous connectez ne répond pas. Réessayez dans un instant.",
  },
};
