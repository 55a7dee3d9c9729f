/** Times as clocks in a named zone show them, and back. The browser's own tables; nothing is loaded. */

/** `2026-11-22T20:00`, as `datetime-local` writes it: what clocks in `zone` (IANA name) show at that instant. */
export function localIn(instant: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  }).formatToParts(instant);
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.find((part) => part.type === type)?.value ?? "";
  return `${of("year").padStart(4, "0")}-${of("month")}-${of("day")}T${of("hour")}:${of("minute")}`;
}

/**
 * The instant at which clocks in `zone` show `local`; null when `local` is no time. An hour that comes twice in autumn
 * counts as the first; one that is left out in spring as the hour after it.
 */
export function instantOf(local: string, zone: string): Date | null {
  const asUtcMs = Date.parse(`${local}Z`);
  if (Number.isNaN(asUtcMs)) return null;
  const offsetMs = (ms: number): number => Date.parse(`${localIn(new Date(ms), zone)}Z`) - Math.floor(ms / 60_000) * 60_000;
  // The offsets of the day before and the day after are all that can be right.
  const [before, after] = [offsetMs(asUtcMs - 86_400_000), offsetMs(asUtcMs + 86_400_000)];
  const fits = [asUtcMs - before, asUtcMs - after].filter((ms) => ms + offsetMs(ms) === asUtcMs);
  return new Date(fits.length > 0 ? Math.min(...fits) : asUtcMs - before);
}

/** The zone of this device. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** All zones by name, and this device's, which may be an alias. */
export function allZones(): string[] {
  const known = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
  return [...new Set([ownZone(), "UTC", ...known])].sort();
}

/** The next full hour in `zone`, at least half an hour from now. */
export function nextHour(now: Date, zone: string): string {
  const atMs = Math.ceil((now.getTime() + 30 * 60_000) / 3_600_000) * 3_600_000;
  return localIn(new Date(atMs), zone);
}
