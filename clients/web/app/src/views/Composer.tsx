// The message box: topic, kind, words. What is typed survives a reload of this tab.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { IconAlert, IconClose, IconReply, IconSend } from "./icons.tsx";
import { Typing } from "./Typing.tsx";
import type { Draft } from "../store/app.ts";
import type { Message } from "../store/message.ts";
import { rightsIn } from "../store/rights.ts";
import type { RoomView } from "../store/room-view.ts";
import { t } from "../text/index.ts";
import type { MessageKind } from "../wire/types.ts";

const s = t.composer;
const KINDS: readonly MessageKind[] = ["message", "question", "answer", "announcement"];
/** For how many days an announcement may ask readers to take note; 0 is without an end. */
const NOTE_DAYS: readonly number[] = [1, 3, 7, 0];
const TYPING_EVERY_MS = 3_000;
const SUGGESTIONS = 40;
const TOPIC_CHARS = 200;
/** Envelope, ids and topic around the words, with room to spare. */
const FRAME_MARGIN = 2_000;

export interface ComposerProps {
  view: RoomView;
  title: string;
  topic: string | undefined;
  replyTo: Message | undefined;
  onReplyEnd(): void;
}

const draftKey = (room: string) => `wardroom.draft.${room}`;

function kept(room: string): Partial<Draft> {
  try {
    return JSON.parse(sessionStorage.getItem(draftKey(room)) ?? "{}") as Partial<Draft>;
  } catch {
    return {};
  }
}

/** What the words take in a frame: JSON escapes count. */
const frameSize = (body: string) => new TextEncoder().encode(JSON.stringify(body)).length;

export function Composer({ view, title, topic, replyTo, onReplyEnd }: ComposerProps) {
  const { app, say } = usePage();
  const [draft, setDraft] = useState<Draft>(() => ({ topic: "", kind: "message", body: "", ...kept(view.name) }));
  const [problem, setProblem] = useState<string>();
  const body = useRef<HTMLTextAreaElement>(null);
  const topicField = useRef<HTMLInputElement>(null);
  const toldAt = useRef(0);
  view.topicsVersion.value;
  const topicName = topic === undefined ? undefined : view.topics.get(topic)?.name;
  // Announcements are for moderators. A draft of one waits until who wrote it is that again.
  const kinds = KINDS.filter((kind) => kind !== "announcement" || rightsIn(view.log, app.me.value).moderate);
  const kind = kinds.includes(draft.kind) ? draft.kind : "message";
  const limit = app.frameBytes.value - FRAME_MARGIN;
  const size = draft.body.length * 6 < limit * 0.8 ? 0 : frameSize(draft.body);

  const change = (part: Partial<Draft>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    setProblem(undefined);
    try {
      sessionStorage.setItem(draftKey(view.name), JSON.stringify(next));
    } catch {
      // The draft lives as long as the page does, then.
    }
  };

  // Choosing a topic, or a message to reply to, says where one wants to write.
  useEffect(() => {
    if (topicName !== undefined) change({ topic: topicName });
  }, [topicName]);
  useEffect(() => {
    if (!replyTo) return;
    change({
      topic: view.topics.get(replyTo.topic)?.name ?? replyTo.topicName ?? draft.topic,
      kind: replyTo.kind === "question" ? "answer" : draft.kind,
    });
    body.current?.focus();
  }, [replyTo?.mid]);
  // The box grows with its words.
  useLayoutEffect(() => {
    const field = body.current;
    if (!field) return;
    field.style.blockSize = "auto";
    field.style.blockSize = `${Math.min(field.scrollHeight, 240)}px`;
  }, [draft.body]);

  const send = () => {
    const words = draft.body.trim();
    if (words === "") {
      setProblem(s.needBody);
      return body.current?.focus();
    }
    if (draft.topic.trim() === "") {
      setProblem(s.needTopic);
      return topicField.current?.focus();
    }
    if (frameSize(words) > limit) return setProblem(s.tooLong(frameSize(words), limit));
    const taken = app.post(view.name, {
      ...draft, kind, body: words, ...(replyTo ? { replyTo: replyTo.mid } : {}),
    });
    if (!taken) return setProblem(s.full);
    change({ body: "", kind: "message", noteDays: undefined });
    onReplyEnd();
    body.current?.focus();
    if (app.link.value.kind !== "live") say(t.send.queued);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    // `isComposing`: Enter that ends an input method's word is not for us.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && replyTo) {
      onReplyEnd();
    }
  };
  const onType = (text: string) => {
    change({ body: text });
    const now = Date.now();
    if (text !== "" && now - toldAt.current > TYPING_EVERY_MS) {
      toldAt.current = now;
      app.tellTyping(view.name, view.topics.idOf(draft.topic));
    }
  };

  return (
    <section class="composer" aria-label={s.label}>
      <Typing view={view} topic={topic} />
      <form class="composer-box" method="post" onSubmit={(event) => { event.preventDefault(); send(); }}>
        {replyTo && (
          <div class="replying">
            <IconReply />
            <span class="reply-name">{s.replying(replyTo.card?.name ?? t.log.unknownAuthor)}</span>
            <span class="reply-body" dir="auto">{replyTo.body.slice(0, 120)}</span>
            <button type="button" class="plain square" aria-label={s.stopReply} onClick={onReplyEnd}><IconClose /></button>
          </div>
        )}
        <div class="composer-meta">
          <label class="inline grow">
            <span>{s.topic}</span>
            <input ref={topicField} id="topic" list="topic-names" dir="auto" maxLength={TOPIC_CHARS} autocomplete="off" placeholder={s.topicPlaceholder}
              value={draft.topic} onInput={(event) => change({ topic: event.currentTarget.value })} />
          </label>
          <datalist id="topic-names">
            {view.topics.list(draft.topic).slice(0, SUGGESTIONS).map((found) => <option key={found.topic} value={found.name} />)}
          </datalist>
          <label class="inline">
            <span>{s.kind}</span>
            <select value={kind} onChange={(event) => change({ kind: event.currentTarget.value as MessageKind })}>
              {kinds.map((kind) => <option key={kind} value={kind}>{t.kinds[kind]}</option>)}
            </select>
          </label>
          {kind === "announcement" && (
            <label class="inline">
              <span>{s.note}</span>
              <select id="note" value={draft.noteDays ?? ""}
                onChange={({ currentTarget: { value } }) => change({ noteDays: value === "" ? undefined : Number(value) })}>
                <option value="">{s.noteNone}</option>
                {NOTE_DAYS.map((days) => <option key={days} value={days}>{s.noteFor(days)}</option>)}
              </select>
            </label>
          )}
        </div>
        <div class="composer-row">
          <textarea ref={body} id="composer" rows={1} dir="auto" aria-label={s.body} aria-describedby="composer-hint composer-problem"
            placeholder={s.placeholder(title)} value={draft.body} onInput={(event) => onType(event.currentTarget.value)} onKeyDown={onKeyDown} />
          <button type="submit" class="primary send"><IconSend /> <span>{s.send}</span></button>
        </div>
      </form>
      <div class="composer-foot">
        <p id="composer-problem" class="problem" role="alert">{problem && <><IconAlert /> {problem}</>}</p>
        {!problem && <p id="composer-hint" class="muted">{s.noIdentifiers} <span class="wide-only">· {s.hint}</span></p>}
        {size > limit * 0.8 && <p class={size > limit ? "problem" : "muted"}>{s.nearLimit(size, limit)}</p>}
      </div>
    </section>
  );
}
