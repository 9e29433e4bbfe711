// One open room: its head, its log, the message box.

import { useEffect, useRef, useState } from "preact/hooks";
import { Composer } from "./Composer.tsx";
import { usePage } from "./context.ts";
import { Expiring } from "./Expiring.tsx";
import { IconBack, IconClose, IconTopics } from "./icons.tsx";
import { LogView } from "./LogView.tsx";
import { People } from "./People.tsx";
import { Pill } from "./Pill.tsx";
import { Settle } from "./Settle.tsx";
import { TopicList } from "./TopicList.tsx";
import { rightsIn } from "../store/rights.ts";
import type { RoomView } from "../store/room-view.ts";
import { formatRoute } from "../store/route.ts";
import { t } from "../text/index.ts";

export function Room({ view }: { view: RoomView }) {
  const { app, route } = usePage();
  const [drawer, setDrawer] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const [replyMid, setReplyMid] = useState<string>();
  view.version.value;
  // Looked up at each draw: its words are quoted for no longer than the log shows them.
  const replyTo = replyMid === undefined ? undefined : view.log.shown(replyMid);
  useEffect(() => {
    if (!replyTo) setReplyMid(undefined);
  }, [replyMid, replyTo]);
  // Opening the drawer moves the focus into it, closing it moves it back.
  useEffect(() => {
    if (drawer) document.querySelector<HTMLElement>("#topics [aria-current], #topics a")?.focus();
    else if (wasOpen.current) toggle.current?.focus();
    wasOpen.current = drawer;
  }, [drawer]);
  const summary = app.rooms.value?.find((room) => room.room === view.name);
  const state = view.log.state ?? summary;
  const title = state?.title ?? summary?.title ?? view.name;
  const topic = route.topic;
  const topicName = topic === undefined ? undefined : (view.topics.get(topic)?.name || t.topics.erasedName);
  const settled = topic !== undefined && view.topics.get(topic)?.resolved === true;
  const may = rightsIn(view.log, app.me.value);
  const about = [
    state && (t.rooms.classes[state.class] ?? state.class),
    state?.specialty && state.specialty !== view.name ? state.specialty : undefined,
    t.rooms.messages(view.log.n),
  ].filter(Boolean);
  return (
    <div class={`room-area${drawer ? " with-drawer" : ""}`} onKeyDown={(event) => event.key === "Escape" && setDrawer(false)}>
      <TopicList view={view} close={() => setDrawer(false)} />
      {drawer && <div class="veil" onClick={() => setDrawer(false)} />}
      <main class="main" id="main" aria-labelledby="room-title">
        <header class="room-head">
          <a class="plain square only-narrow" href={formatRoute({ room: undefined, topic: undefined })} aria-label={t.nav.back}><IconBack /></a>
          <div class="room-titles">
            <h1 id="room-title" dir="auto">{title}</h1>
            {topicName === undefined ? <p class="muted">{about.join(" · ")}</p> : (
              <p class="filtered">
                <span class="topic-chip on" dir="auto">{topicName}</span>
                {settled && <span class="chip">{t.topics.settled}</span>}
                {topic !== undefined && may.moderate && <Settle view={view} topic={topic} settled={settled} />}
                <a class="clear" href={formatRoute({ room: view.name, topic: undefined })}><IconClose /> {t.topics.all}</a>
              </p>
            )}
          </div>
          <button type="button" ref={toggle} class="only-drawer-toggle" aria-expanded={drawer} aria-controls="topics" onClick={() => setDrawer(!drawer)}>
            <IconTopics /> {t.topics.open}
          </button>
          <People view={view} />
          <Pill />
        </header>
        <Expiring />
        <LogView view={view} topic={topic} title={title} onReply={setReplyMid} />
        {view.status.value.kind !== "failed" && (
          <Composer key={view.name} view={view} title={title} topic={topic} replyTo={replyTo} onReplyEnd={() => setReplyMid(undefined)} />
        )}
      </main>
    </div>
  );
}
