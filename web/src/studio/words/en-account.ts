/** English: one's own account. */

import { dayAndTime, number } from "../../shared/format";
import { at } from "../../shared/handle";

export const enAccount = {
  account: "Your account",
  publicProfile: "As others see it",
  profile: "Profile",
  bio: "About you",
  bioLeft: (left: number) => `${number(left, "en")} characters left`,
  save: "Save",
  saved: "Saved.",
  yourPicture: "Your picture",
  choosePicture: "Choose a picture",
  dropPicture: "Remove it",

  passkeys: "Passkeys",
  passkeysHint: "Sign in with your fingerprint, your face or the PIN of your device. Nothing to remember, nothing to steal.",
  passkeysUnknown: "This browser is too old for passkeys.",
  newPasskey: "New passkey",
  makeIt: "Continue",
  passkeyName: "Name",
  passkeyNameHint: "So that you know it again in this list.",
  thisDevice: "This device",
  confirmHint: "You signed in a while ago: say once more that it's you.",
  madeOn: (at: Date) => `Made ${dayAndTime(at, "en")}, never used`,
  usedOn: (at: Date) => `Last used ${dayAndTime(at, "en")}`,
  drop: "Remove",
  dropPasskeyNamed: (name: string) => `Remove the passkey ${name}`,
  dropPasskeyAsk: (name: string) => `Remove the passkey “${name}”?`,
  dropPasskeyWhat: "It no longer signs you in. Your device will still offer it until you remove it there, too.",
  signInByPasskey: "Sign in with a passkey",
  signInAt: (name: string) => `Sign in with ${name}`,
  or: "or",

  passwordNow: "Password now",
  passwordNew: "New password",
  passwordChange: "Change the password",
  passwordEnds: "A new password signs you out everywhere else.",
  passwordNone: "You have none. Set one, and you can sign in with it, too.",

  sessions: "Where you're signed in",
  unknownDevice: "A device that didn't say what it is",
  thisOne: "This one, now",
  seenOn: (at: Date) => `Last seen ${dayAndTime(at, "en")}`,
  endSession: "Sign out",
  endSessionOn: (device: string) => `Sign out of ${device}`,
  endOthers: "Sign out everywhere else",

  yourData: "Your data",
  exportHint: "Everything that is kept about you here, as one file.",
  exportAll: "Download it",
  deleteAccount: "Delete my account",
  deleteAsk: "Delete your account for good?",
  deleteWhat: (handle: string) =>
    `You leave every stage. A Space that you host goes on with a co-host, or ends. Nobody will be called ${at(handle)} again. Recordings of your Spaces stay: delete those first. This can't be undone.`,
  operatorsStay: "You run this Parvis: the account stays as long as you do.",

  accountErrors: {
    "password-wrong": "That's not your password.",
    "sign-in-again": "You signed in too long ago for this. Sign out, sign in, and try again.",
    "picture-unreadable": "That's no picture that can be read. Try a PNG, JPEG or WebP.",
    "passkey-known": "This device has a passkey for you already.",
    "passkey-invalid": "That passkey doesn't fit. Try again.",
    "passkeys-off": "Passkeys don't work here.",
    "last-way-in": "It's your only way in. Set a password first.",
    blocked: "This account has blocked you.",
    "openid-refused": "That sign-in didn't work. Try again.",
    "openid-no-account": "Nobody here signs in by that account. Ask who runs this Parvis.",
    "openid-away": "The place where you sign in doesn't answer. Try again in a moment.",
  },
};
