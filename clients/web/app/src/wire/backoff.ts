// How long to wait before the next attempt.

export const FIRST_MS = 250;
export const LONGEST_MS = 20_000;

/**
 * Full jitter: somewhere between 0 and a ceiling that starts at 250 ms and doubles to 20 s, so that a
 * thousand clients of a restarted server do not come back in the same instant. What the server asks
 * for (`retry_after_ms`) wins, plus a little jitter so that those it told the same do not collide.
 */
export function delay(attempt: number, random: () => number, retryAfterMs?: number): number {
  if (retryAfterMs !== undefined && Number.isFinite(retryAfterMs) && retryAfterMs >= 0) {
    return Math.round(retryAfterMs + random() * Math.min(1_000, retryAfterMs / 4));
  }
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return Math.round(random() * ceiling);
}
