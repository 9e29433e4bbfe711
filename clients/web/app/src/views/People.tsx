// Who is in the room: a number in the room's head, and a list behind it.

import { useEffect, useRef, useState } from "preact/hooks";
import { Avatar } from "./Avatar.tsx";
import { usePage } from "./context.ts";
import { IconClose, IconPeople } from "./icons.tsx";
import type { RoomView } from "../store/room-view.ts";
import { count } from "../text/format.ts";
import { t } from "../text/index.ts";

const s = t.people;

export function People({ view }: { view: RoomView }) {
  const { app } = usePage();
  const [open, setOpen] = useState(false);
  const area = useRef<HTMLDivElement>(null);
  const toggle = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLElement>(null);
  view.here.version.value;
  const { roster } = view.here;
  // Opening moves the focus into the list, closing moves it back; a press elsewhere closes it too.
  useEffect(() => {
    if (!open) return undefined;
    panel.current?.focus();
    const elsewhere = (event: PointerEvent) => {
      if (!area.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", elsewhere);
    return () => removeEventListener("pointerdown", elsewhere);
  }, [open]);
  const close = () => {
    setOpen(false);
    toggle.current?.focus();
  };
  const people = roster.people && roster.list();
  return (
    <div class="people" ref={area} onKeyDown={(event) => {
      if (event.key !== "Escape" || !open) return;
      event.stopPropagation();
      close();
    }}>
      <button type="button" class="plain people-toggle" ref={toggle} aria-expanded={open} aria-controls="people" onClick={() => setOpen(!open)}>
        <IconPeople /> <span aria-hidden="true">{count(roster.online)}</span><span class="hidden">{s.open(roster.online)}</span>
      </button>
      {open && (
        <section class="people-panel" id="people" ref={panel} tabIndex={-1} aria-labelledby="people-title">
          <header>
            <h2 id="people-title">{s.here(roster.online)}</h2>
            <button type="button" class="plain square" aria-label={s.close} onClick={close}><IconClose /></button>
          </header>
          {people === undefined ? <p class="quiet">{s.unnamed}</p> : (
            <ul tabIndex={0} aria-label={s.list}>
              {people.map(({ id, card }) => (
                <li key={id} data-person={id}>
                  <Avatar id={id} name={card.name} small />
                  <span class="person-name" dir="auto">{card.name}</span>
                  {id === app.me.value?.id && <span class="chip">{t.log.you}</span>}
                  {card.profession && <span class="muted" dir="auto">{card.profession}</span>}
                </li>
              ))}
            </ul>
          )}
        </section>
      )}
    </div>
  );
}
