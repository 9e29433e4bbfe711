// A room's topics, the most recent first. Choosing one shows only its messages.

import { useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { IconClose } from "./icons.tsx";
import { Skeleton } from "./RoomList.tsx";
import type { RoomView } from "../store/room-view.ts";
import { formatRoute } from "../store/route.ts";
import { count } from "../text/format.ts";
import { t } from "../text/index.ts";

const s = t.topics;
const FIRST_SHOWN = 60;
const MORE_SHOWN = 200;

export function TopicList({ view, close }: { view: RoomView; close(): void }) {
  const { route } = usePage();
  const [filter, setFilter] = useState("");
  const [limit, setLimit] = useState(FIRST_SHOWN);
  view.topicsVersion.value;
  const all = view.topics.size;
  const found = view.topics.list(filter);
  const chosen = route.topic === undefined ? undefined : view.topics.get(route.topic);
  const shown = found.slice(0, limit);
  // The chosen topic stays in sight, however old it is.
  if (chosen && filter === "" && !shown.includes(chosen)) shown.unshift(chosen);
  const loading = view.loadingTopics.value && all === 0;
  return (
    <aside class="topics" id="topics" aria-label={s.title}>
      <header class="column-head">
        <h2>{s.title} {all > 0 && <span class="muted tally">{count(all)}</span>}</h2>
        <button type="button" class="plain square only-drawer" aria-label={s.close} onClick={close}><IconClose /></button>
      </header>
      {all > 6 && (
        <input class="filter" type="search" aria-label={s.filter} placeholder={s.filter} value={filter}
          onInput={(event) => { setFilter(event.currentTarget.value); setLimit(FIRST_SHOWN); }} />
      )}
      <div class="topics-scroll">
        {loading ? <Skeleton text={s.loading} /> : all === 0 ? <p class="quiet">{s.empty}</p> : (
          <ul class="topic-rows">
            {filter === "" && (
              <li>
                <a class="topic" href={formatRoute({ room: view.name, topic: undefined })} onClick={close}
                  aria-current={route.topic === undefined ? "true" : undefined}>
                  <span class="topic-name">{s.all}</span>
                  <span class="tally">{count(view.log.n)}</span>
                </a>
              </li>
            )}
            {shown.map((topic) => (
              <li key={topic.topic}>
                <a class="topic" href={formatRoute({ room: view.name, topic: topic.topic })} onClick={close}
                  aria-current={route.topic === topic.topic ? "true" : undefined} data-topic={topic.topic}>
                  <span class="topic-name" dir="auto">{topic.name || s.erasedName}</span>
                  {topic.resolved && <span class="chip settled">{s.settled}</span>}
                  <span class="tally"><span aria-hidden="true">{count(topic.messages)}</span><span class="hidden">{t.rooms.messages(topic.messages)}</span></span>
                </a>
              </li>
            ))}
          </ul>
        )}
        {all > 0 && found.length === 0 && <p class="quiet">{s.none}</p>}
        {found.length > limit && (
          <button type="button" class="wide" onClick={() => setLimit(limit + MORE_SHOWN)}>
            {s.more(Math.min(MORE_SHOWN, found.length - limit))}
          </button>
        )}
        {view.topicsFailed.value && (
          <p class="quiet" role="alert">{s.failed} <button type="button" class="link" onClick={() => void view.loadTopics()}>{t.rooms.retry}</button></p>
        )}
      </div>
    </aside>
  );
}
