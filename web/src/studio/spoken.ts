/** The languages that a Space can be in, each by its own name. Pure. */

const SPOKEN = [
  "ar", "bn", "br", "ca", "cs", "da", "de", "el", "en", "es", "eu", "fa", "fi", "fr", "ga", "he", "hi", "hu", "id", "it", "ja", "ko", "nb",
  "nl", "oc", "pl", "pt", "ro", "ru", "sv", "sw", "ta", "tr", "uk", "ur", "vi", "yo", "zh",
];

/** `fr` is `Français`; a tag that nobody knows is itself. */
export function nameOfLanguage(tag: string): string {
  try {
    const name = new Intl.DisplayNames(tag, { type: "language" }).of(tag) ?? tag;
    return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
  } catch {
    return tag;
  }
}

/** All of them and `own`, as tags in the order of their names. */
export function languages(own: string): string[] {
  return [...new Set([...SPOKEN, own])].sort((a, b) => nameOfLanguage(a).localeCompare(nameOfLanguage(b)));
}
