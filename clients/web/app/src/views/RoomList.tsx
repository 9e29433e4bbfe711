// The rail: rooms, and who is signed in.

import { useState } from "preact/hooks";
import { Avatar } from "./Avatar.tsx";
import { usePage } from "./context.ts";
import { Pill } from "./Pill.tsx";
import { Mark } from "./icons.tsx";
import { fold } from "../store/topic-book.ts";
import { formatRoute } from "../store/route.ts";
import { count } from "../text/format.ts";
import { t } from "../text/index.ts";
import type { RoomSummary } from "../wire/types.ts";

const s = t.rooms;
/** From this many rooms on, finding by name is worth its place. */
const FILTER_FROM = 8;

export function RoomList() {
  const { app } = usePage();
  const [filter, setFilter] = useState("");
  const rooms = app.rooms.value;
  const shown = rooms?.filter((room) => fold(`${room.title ?? ""} ${room.room}`).includes(fold(filter)));
  return (
    <nav class="rail" aria-label={s.title}>
      <div class="brand"><Mark /><span class="grow">{t.name}</span><span class="only-narrow"><Pill /></span></div>
      <div class="rail-scroll">
        <h2 class="caption">{s.title}</h2>
        {(rooms?.length ?? 0) >= FILTER_FROM && (
          <input class="filter" type="search" aria-label={s.filter} placeholder={s.filter} value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)} />
        )}
        {rooms === undefined ? (
          app.roomsFailed.value ? (
            <p class="quiet" role="alert">{s.failed} <button type="button" class="link" onClick={() => void app.loadRooms()}>{s.retry}</button></p>
          ) : <Skeleton text={s.loading} />
        ) : rooms.length === 0 ? <p class="quiet">{s.empty}</p> : shown?.length === 0 ? <p class="quiet">{s.none}</p> : (
          <ul class="rooms">{shown?.map((room) => <RoomRow key={room.room} room={room} />)}</ul>
        )}
      </div>
      <Me />
    </nav>
  );
}

function RoomRow({ room }: { room: RoomSummary }) {
  const { app, route } = usePage();
  const unread = app.unread(room);
  const total = app.count(room);
  const online = app.online(room);
  const current = route.room === room.room;
  return (
    <li>
      <a href={formatRoute({ room: room.room, topic: undefined })} class={`room${unread > 0 ? " unread" : ""}`}
        aria-current={current ? "page" : undefined} data-room={room.room}>
        <span class="room-name" dir="auto">{room.title ?? room.room}</span>
        {online > 0 && <span class="online"><span aria-hidden="true">{count(online)}</span><span class="hidden">{t.people.here(online)}</span></span>}
        {unread > 0 ? <span class="badge">{s.unread(unread)}</span> : (
          <span class="tally" title={s.messages(total)}><span aria-hidden="true">{count(total)}</span><span class="hidden">{s.messages(total)}</span></span>
        )}
        {room.class !== "discussion" && <span class="room-class">{s.classes[room.class] ?? room.class}</span>}
      </a>
    </li>
  );
}

function Me() {
  const { app } = usePage();
  const [asking, setAsking] = useState(false);
  const me = app.me.value;
  if (!me) return null;
  const { card } = me;
  const leave = () => (app.waiting > 0 ? setAsking(true) : app.signOut());
  return (
    <footer class="me">
      {asking ? (
        <div role="alertdialog" aria-labelledby="leave-text">
          <p id="leave-text">{t.me.signOutWaiting(app.waiting)}</p>
          <button type="button" class="small" onClick={() => setAsking(false)}>{t.me.stay}</button>{" "}
          <button type="button" class="small danger" onClick={() => app.signOut()}>{t.me.signOutAnyway}</button>
        </div>
      ) : (
        <>
          <Avatar id={me.id} name={card.name} />
          <div class="me-text">
            <strong dir="auto" title={t.me.level(card.level ?? 0)}>{card.name}</strong>
            <span class="me-line">
              <span class="muted">{[card.profession, me.roles.includes("moderator") ? t.me.moderator : undefined].filter(Boolean).join(" · ") || t.me.level(card.level ?? 0)}</span>
              <button type="button" class="plain small" onClick={leave}>{t.me.signOut}</button>
            </span>
          </div>
        </>
      )}
    </footer>
  );
}

/** Six quiet rows while something loads. */
export const Skeleton = ({ text }: { text: string }) => (
  <div class="skeleton" role="status">
    <span class="hidden">{text}</span>
    {[72, 56, 84, 64, 48, 76].map((width) => <span key={width} class={`bone w${width}`} aria-hidden="true" />)}
  </div>
);
