// Which rows of a long log are in the page. Pure: the view measures and scrolls.

import type { Row } from "../store/room-log.ts";

/** Rows drawn at first and added at a time, and the most there are at once. */
export const FIRST_ROWS = 80;
export const STEP_ROWS = 60;
export const MOST_ROWS = 400;

/** By seq, so that rows added in front do not shift it. No bound: the log's own end. */
export interface Stretch {
  from: number | undefined;
  to: number | undefined;
}

export const END: Stretch = { from: undefined, to: undefined };

/** The rows of a stretch, as indices into `rows`: from included, to excluded. */
export function bounds(rows: readonly Row[], { from, to }: Stretch): { start: number; end: number } {
  const end = to === undefined ? rows.length : firstAbove(rows, to);
  const wanted = from === undefined ? end - FIRST_ROWS : firstAbove(rows, from - 1);
  return { start: Math.max(0, wanted, end - MOST_ROWS), end };
}

/** One step back; rows at the far end leave so that the page stays small. */
export function back(rows: readonly Row[], stretch: Stretch): Stretch {
  const { start, end } = bounds(rows, stretch);
  const first = Math.max(0, start - STEP_ROWS);
  const last = Math.min(end, first + MOST_ROWS);
  return {
    from: rows[first]?.seq,
    to: last >= rows.length && stretch.to === undefined ? undefined : rows[last - 1]?.seq,
  };
}

/** One step towards the end. */
export function forth(rows: readonly Row[], stretch: Stretch): Stretch {
  const { start, end } = bounds(rows, stretch);
  const last = Math.min(rows.length, end + STEP_ROWS);
  const first = Math.max(start, last - MOST_ROWS);
  return { from: rows[first]?.seq, to: last >= rows.length ? undefined : rows[last - 1]?.seq };
}

/** A stretch with this row in its middle. */
export function around(rows: readonly Row[], seq: number): Stretch {
  const at = Math.max(0, firstAbove(rows, seq) - 1);
  const first = Math.max(0, at - FIRST_ROWS / 2);
  const last = Math.min(rows.length, at + FIRST_ROWS / 2);
  return { from: rows[first]?.seq, to: last >= rows.length ? undefined : rows[last - 1]?.seq };
}

/** The first index whose row lies above a seq. */
function firstAbove(rows: readonly Row[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.seq ?? Infinity) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
