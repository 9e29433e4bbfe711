// The connection, as a shape and words: a full dot is live, a ring is trying, a bar is not connected.

import { useEffect } from "preact/hooks";
import { usePage, useSecondsUntil } from "./context.ts";
import { t } from "../text/index.ts";

const s = t.pill;

/** Tells screen readers of a change of state; a count of seconds is no news. */
export function useSpokenConnection(): void {
  const { app, say } = usePage();
  const live = app.link.value.kind === "live";
  const up = app.networkUp.value;
  useEffect(() => {
    if (app.phase.value === "in") say(t.announce.state(!up ? s.offline : live ? s.live : s.connecting));
  }, [live, up]);
}

export function Pill() {
  const { app } = usePage();
  const link = app.link.value;
  app.outboxVersion.value;
  const seconds = useSecondsUntil(link.kind === "waiting" ? link.until : undefined);
  const { tone, text, now } = read();

  function read(): { tone: "live" | "trying" | "off"; text: string; now?: boolean } {
    if (link.kind === "live" && app.networkUp.value) return { tone: "live", text: s.live };
    if (!app.networkUp.value) {
      return { tone: "off", text: app.waiting > 0 ? s.offlineWaiting(app.waiting) : s.offline };
    }
    if (link.kind === "waiting") {
      return seconds > 0
        ? { tone: "trying", text: s.reconnecting(link.attempt, seconds), now: true }
        : { tone: "trying", text: s.reconnectingNow(link.attempt) };
    }
    if (link.kind === "connecting") {
      return { tone: "trying", text: link.attempt > 0 ? s.reconnectingNow(link.attempt) : s.connecting };
    }
    return { tone: "off", text: s.signedOut };
  }

  return (
    <div class={`pill ${tone}`} role="group" aria-label={s.label}>
      <span class="dot" aria-hidden="true" />
      <span class="pill-text" data-state={tone}>{text}</span>
      {now && <button type="button" class="plain small" aria-label={s.nowLabel} onClick={() => app.hurry()}>{s.now}</button>}
    </div>
  );
}
