// The page around everything: skip links, the rail, one room, and what screen readers hear.

import { useEffect } from "preact/hooks";
import { usePage } from "./context.ts";
import { Expiring } from "./Expiring.tsx";
import { Mark } from "./icons.tsx";
import { Pill, useSpokenConnection } from "./Pill.tsx";
import { Room } from "./Room.tsx";
import { RoomList } from "./RoomList.tsx";
import { SignIn } from "./SignIn.tsx";
import { t } from "../text/index.ts";

export function Shell() {
  const { app, route } = usePage();
  const view = app.current.value;
  useSpokenConnection();
  const inside = app.phase.value === "in" && app.me.value !== undefined;
  const title = view && app.rooms.value?.find((room) => room.room === view.name)?.title;
  useEffect(() => {
    document.title = inside && view ? `${title ?? view.name} · ${t.name}` : t.name;
  }, [inside, view, title]);
  if (!inside) return <SignIn />;
  return (
    <div class={`shell${route.room === undefined ? " at-rooms" : " at-room"}`}>
      {/* Fragments are the route here, so a skip link moves the focus itself. */}
      {view && (
        <div class="skips">
          <button type="button" class="skip" onClick={() => focus("messages")}>{t.skipToMessages}</button>
          <button type="button" class="skip" onClick={() => focus("composer")}>{t.skipToComposer}</button>
        </div>
      )}
      <RoomList />
      {view ? <Room key={view.name} view={view} /> : (
        <main class="welcome" id="main">
          <div class="welcome-head"><Pill /></div>
          <Expiring />
          <div class="welcome-text"><Mark size={40} /><h1>{t.rooms.chooseTitle}</h1><p class="muted">{t.rooms.choose}</p></div>
        </main>
      )}
    </div>
  );
}

const focus = (id: string) => document.getElementById(id)?.focus();
