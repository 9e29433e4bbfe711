// Numbers, sizes and times, through Intl.

const locale = typeof navigator === "undefined" ? "en" : navigator.language;

const counts = new Intl.NumberFormat(locale);
const kilobytes = new Intl.NumberFormat(locale, {
  style: "unit", unit: "kilobyte", unitDisplay: "short", maximumFractionDigits: 1,
});
const secondsFormat = new Intl.NumberFormat(locale, { style: "unit", unit: "second", unitDisplay: "narrow" });
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const daysOfYears = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" });
const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

export const count = (n: number): string => counts.format(n);
export const bytes = (n: number): string => kilobytes.format(n / 1000);
export const seconds = (n: number): string => secondsFormat.format(n);
export const time = (at: number): string => clock.format(at);
export const moment = (at: number): string => full.format(at);

const midnight = (at: number): number => new Date(at).setHours(0, 0, 0, 0);

/** Whether two moments fall on one local day. */
export const sameDay = (a: number, b: number): boolean => midnight(a) === midnight(b);

/** "today", "yesterday", "Friday, 20 November", or with the year if it is another one. */
export function day(at: number, now: number): string {
  const ago = Math.round((midnight(now) - midnight(at)) / 86_400_000);
  if (ago === 0 || ago === 1) {
    const text = relative.format(-ago, "day");
    return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
  }
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? days : daysOfYears).format(at);
}

/** Up to two letters that stand for a name. */
export function initials(name: string): string {
  const parts = name
    .split(/[\s\-_.]+/u)
    .filter((part) => /^\p{L}/u.test(part) && !/^(dr|prof|mr|mrs|ms|sr)$/iu.test(part));
  const letters = [parts[0], parts.length > 1 ? parts.at(-1) : undefined].map((part) =>
    part === undefined ? "" : String.fromCodePoint(part.codePointAt(0) ?? 63),
  );
  return letters.join("").toLocaleUpperCase(locale) || "?";
}

/** One of `n` calm colours for an author, always the same one. */
export function hue(author: string, n: number): number {
  let sum = 0;
  for (let at = 0; at < author.length; at++) sum = (sum * 31 + author.charCodeAt(at)) >>> 0;
  return sum % n;
}
