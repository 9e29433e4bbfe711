// What screen readers hear of the open room. No words stay longer than the page shows them: not those of a
// message that was taken out of sight, nor anything of a room that was left or lost, nor of who signed out.

import { effect } from "@preact/signals";
import type { Announcer } from "./announcer.ts";
import type { App } from "./app.ts";
import type { RoomView } from "./room-view.ts";
import type { Spoken } from "./spoken.ts";

/** Announces the app's news through the page's lines, for as long as the page lives. */
export function hear(app: App, spoken: Spoken, announcer: Announcer, unknownAuthor: string): void {
  app.onNews = (message, room) => {
    const title = app.rooms.value?.find((known) => known.room === room.name)?.title ?? room.name;
    const stands = () => {
      room.version.value; // rises whenever the log changed
      return room.log.shown(message.mid) !== undefined;
    };
    announcer.heard(message.card?.name ?? unknownAuthor, message.body, title, stands);
  };
  let heard: RoomView | undefined;
  effect(() => {
    const view = app.phase.value === "in" ? app.current.value : undefined;
    const open = view?.status.value.kind === "failed" ? undefined : view;
    if (open && open === heard) return;
    heard = open;
    announcer.quiet();
    spoken.clear();
  });
}
