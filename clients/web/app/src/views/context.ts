// The page's state, handed down to every view.

import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { App } from "../store/app.ts";
import type { Route } from "../store/route.ts";

export interface Page {
  app: App;
  route: Route;
  go(route: Route): void;
  /** Says a sentence to screen readers. */
  say(text: string): void;
}

export const PageContext = createContext<Page | undefined>(undefined);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error("a view outside the page");
  return page;
}

/** Whole seconds until a moment, counted down while it is shown. */
export function useSecondsUntil(until: number | undefined): number {
  const left = () => (until === undefined ? 0 : Math.max(0, Math.ceil((until - Date.now()) / 1000)));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    if (until === undefined) return undefined;
    const timer = setInterval(() => setSeconds(left()), 250);
    return () => clearInterval(timer);
  }, [until]);
  return seconds;
}
