// Starts the page: gives the app the browser, and the browser's events to the app.

import { render } from "preact";
import { useMemo } from "preact/hooks";
import { signal } from "@preact/signals";
import { Announcer } from "./store/announcer.ts";
import { App } from "./store/app.ts";
import { hear } from "./store/hearing.ts";
import { formatRoute, parseRoute } from "./store/route.ts";
import { Spoken } from "./store/spoken.ts";
import { t } from "./text/index.ts";
import { PageContext } from "./views/context.ts";
import { Shell } from "./views/Shell.tsx";
import type { SocketLike } from "./wire/link.ts";

declare const __VERSION__: string;

const later = (ms: number, run: () => void) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

const app = new App({
  open() {
    const url = new URL("/v1/socket", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url, "wardroom.v1") as unknown as SocketLike;
  },
  now: () => Date.now(),
  random: () => Math.random(),
  later,
  session: sessionStorage,
  local: localStorage,
  networkUp: () => navigator.onLine,
  version: __VERSION__,
});

const spoken = new Spoken();
const { lines, say } = spoken;
hear(app, spoken, new Announcer(say, t.announce, () => Date.now(), later), t.log.unknownAuthor);

const route = signal(parseRoute(location.hash));
const follow = () => {
  route.value = parseRoute(location.hash);
  if (app.phase.value === "in") app.open(route.value.room);
};
addEventListener("hashchange", follow);
app.phase.subscribe((phase) => phase === "in" && app.open(route.value.room));

addEventListener("online", () => app.hurry());
addEventListener("offline", () => app.wentOffline());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && app.hurry());
addEventListener("storage", (event) => app.storageChanged(event));

/** Counts beside rooms that are not followed are read again now and then, while somebody looks. */
const ROOMS_EVERY_MS = 60_000;
setInterval(() => {
  if (document.visibilityState === "visible" && app.link.value.kind === "live") void app.loadRooms();
}, ROOMS_EVERY_MS);

function Root() {
  const page = useMemo(
    () => ({ app, say, get route() { return route.value; }, go: (to: ReturnType<typeof parseRoute>) => (location.hash = formatRoute(to)) }),
    [],
  );
  return (
    <PageContext.Provider value={page}>
      <Shell />
      {/* There from the start, so that readers notice its changes. */}
      <div class="hidden" aria-live="polite" role="status" id="announcer">
        <p>{lines[0]}</p>
        <p>{lines[1]}</p>
      </div>
    </PageContext.Provider>
  );
}

const place = document.getElementById("app");
if (place) {
  place.textContent = "";
  render(<Root />, place);
}
app.begin();
