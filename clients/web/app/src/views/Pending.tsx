// Messages on their way, after the log's end. Each says where it stands; none moves more than once.

import { useEffect, useState } from "preact/hooks";
import { Avatar } from "./Avatar.tsx";
import { usePage } from "./context.ts";
import { IconAlert, IconClock } from "./icons.tsx";
import { Kind } from "./MessageRow.tsx";
import type { Outgoing } from "../outbox/outbox.ts";
import type { RoomView } from "../store/room-view.ts";
import { t, why } from "../text/index.ts";

const s = t.send;
/** Quicker than this needs no words. */
const SENDING_AFTER_MS = 800;

export function Pending({ view }: { view: RoomView }) {
  const { app } = usePage();
  app.outboxVersion.value;
  view.version.value;
  // An entry that is shown already is not shown here a second time.
  const items = (app.outbox?.of(view.name) ?? []).filter((item) => view.log.seqOf(item.post.mid) === undefined);
  if (items.length === 0) return null;
  return (
    <ol class="pending" aria-label={s.sending}>
      {items.map((item, at) => <PendingRow key={item.post.mid} post={item.post} state={item.state} ahead={ahead(items, at)} />)}
    </ol>
  );
}

/** How many before it have to go first. */
const ahead = (items: Outgoing[], at: number) =>
  items.slice(0, at).filter((item) => item.state.kind === "queued" || item.state.kind === "sending").length;

/** An item of the outbox is changed in place, so its parts are handed down: a row with equal parts is not drawn again. */
function PendingRow({ post, state, ahead }: Pick<Outgoing, "post" | "state"> & { ahead: number }) {
  const { app } = usePage();
  const me = app.me.value;
  return (
    <li class={`row outgoing ${state.kind}`} data-mid={post.mid} data-send={state.kind}>
      <div class="gutter"><Avatar id={me?.id ?? ""} name={me?.card.name} /></div>
      <div class="row-main">
        <header class="row-head"><span class="author" dir="auto">{me?.card.name}</span><Stand state={state} ahead={ahead} /><Kind kind={post.kind} /><span class="topic-chip" dir="auto">{post.topic}</span></header>
        <p class="body" dir="auto">{post.body}</p>
        {state.kind === "failed" && (
          <div class="problem" role="alert">
            <IconAlert /> <span>{s.failed(why({ code: state.code, message: state.reason }))}</span>
            <button type="button" class="small" onClick={() => app.outbox?.retry(post.mid)}>{s.retry}</button>
            <button type="button" class="small" onClick={() => app.outbox?.discard(post.mid)}>{s.discard}</button>
          </div>
        )}
      </div>
    </li>
  );
}

function Stand({ state, ahead }: { state: Outgoing["state"]; ahead: number }) {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (state.kind !== "sending") return undefined;
    const timer = setTimeout(() => setSlow(true), SENDING_AFTER_MS);
    return () => clearTimeout(timer);
  }, [state.kind]);
  if (state.kind === "failed") return null;
  const text = state.kind === "sent" ? s.sent : state.kind === "held" ? s.held : state.kind === "sending" ? (slow ? s.sending : "") : ahead > 0 ? s.behind(ahead) : s.queued;
  return text === "" ? null : <span class="stand"><IconClock /> {text}</span>;
}
