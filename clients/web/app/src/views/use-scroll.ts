// The one owner of the log's scroll position. It moves for three reasons only: the reader scrolled, the
// page follows the end, or rows above changed and what is being read must stay where it is.

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { END, around, back, bounds, forth } from "./window.ts";
import type { Stretch } from "./window.ts";
import type { Row } from "../store/room-log.ts";

/** Nearer to an edge than this, in pixels, and more rows are wanted. */
const NEAR = 400;
/** Nearer to the end than this counts as at the end. */
const AT_END = 32;

export interface Scroll {
  box: RefObject<HTMLDivElement>;
  stretch: Stretch;
  atEnd: boolean;
  toEnd(): void;
  /** Brings a row into the middle and puts the focus on it. */
  toRow(seq: number): void;
}

export function useScroll(key: string, rows: readonly Row[], wantOlder: () => void): Scroll {
  const box = useRef<HTMLDivElement>(null);
  const [stretch, setStretch] = useState<Stretch>(END);
  const [atEnd, setAtEnd] = useState(true);
  const following = useRef(true);
  const anchor = useRef<{ seq: number; top: number }>();
  const target = useRef<number>();
  /** Where the box stood when this file last looked. Elsewhere since: the reader moved it. */
  const stood = useRef(0);
  const latest = useRef({ rows, stretch, wantOlder });
  latest.current = { rows, stretch, wantOlder };

  const remember = (element: HTMLElement) => {
    const top = element.getBoundingClientRect().top;
    for (const row of element.querySelectorAll<HTMLElement>("[data-seq]")) {
      const place = row.getBoundingClientRect();
      if (place.bottom > top) {
        anchor.current = { seq: Number(row.dataset.seq), top: place.top - top };
        return;
      }
    }
  };

  /** Takes note of where the reader went. */
  const noted = (element: HTMLElement) => {
    const below = element.scrollHeight - element.clientHeight - element.scrollTop;
    const { rows, stretch } = latest.current;
    following.current = below < AT_END && bounds(rows, stretch).end === rows.length;
    setAtEnd(following.current);
    remember(element);
    stood.current = element.scrollTop;
  };

  const settle = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const moved = Math.abs(element.scrollTop - stood.current) > 1;
    const atEnd = element.scrollHeight - element.clientHeight - element.scrollTop < AT_END;
    // The scroll's own event may still be on its way; correcting first would undo what the reader did.
    // A box that only shrank stands at its end.
    if (moved && !atEnd && target.current === undefined) noted(element);
    if (target.current !== undefined) {
      const row = element.querySelector<HTMLElement>(`[data-seq="${target.current}"]`);
      if (row) {
        target.current = undefined;
        row.scrollIntoView({ block: "center" });
        row.focus({ preventScroll: true });
        row.classList.remove("flash");
        void row.offsetWidth; // a class taken and given in one go would not start again
        row.classList.add("flash");
        remember(element);
      }
    } else if (following.current) {
      element.scrollTop = element.scrollHeight;
    } else if (anchor.current) {
      const row = element.querySelector<HTMLElement>(`[data-seq="${anchor.current.seq}"]`);
      if (row) {
        const top = row.getBoundingClientRect().top - element.getBoundingClientRect().top;
        const moved = top - anchor.current.top;
        if (Math.abs(moved) >= 1) element.scrollTop += moved;
      }
    }
    stood.current = element.scrollTop;
  }, []);

  const look = useCallback(() => {
    const element = box.current;
    if (!element) return;
    const { rows, stretch, wantOlder } = latest.current;
    const { start, end } = bounds(rows, stretch);
    if (element.scrollTop < NEAR) {
      if (start > 0) setStretch(back(rows, stretch));
      else wantOlder();
    }
    const below = element.scrollHeight - element.clientHeight - element.scrollTop;
    if (below < NEAR && end < rows.length) setStretch(forth(rows, stretch));
  }, []);

  // Another room or topic begins at its end.
  useLayoutEffect(() => {
    following.current = true;
    anchor.current = undefined;
    target.current = undefined;
    stood.current = box.current?.scrollTop ?? 0;
    setStretch(END);
    setAtEnd(true);
  }, [key]);

  useLayoutEffect(settle);
  // After every change there may be room for more: a short page has nothing to scroll.
  useEffect(look);

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const onScroll = () => {
      noted(element);
      look();
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    const sizes = new ResizeObserver(settle);
    sizes.observe(element);
    if (element.firstElementChild) sizes.observe(element.firstElementChild);
    return () => {
      element.removeEventListener("scroll", onScroll);
      sizes.disconnect();
    };
  }, [key]);

  // While the end is followed, old rows leave by themselves.
  useEffect(() => {
    if (following.current && stretch.from !== undefined && stretch.to === undefined && atEnd) {
      const { start, end } = bounds(rows, stretch);
      if (end - start > MOST_WHILE_FOLLOWING) setStretch(END);
    }
  });

  return {
    box,
    stretch,
    atEnd,
    toEnd() {
      following.current = true;
      setStretch(END);
      setAtEnd(true);
      settle();
    },
    toRow(seq) {
      following.current = false;
      target.current = seq;
      setStretch(around(latest.current.rows, seq));
    },
  };
}

const MOST_WHILE_FOLLOWING = 240;
