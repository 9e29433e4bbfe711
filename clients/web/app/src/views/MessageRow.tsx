// One message: who, what kind, when, under which topic, and the words as plain text.

import { useState } from "preact/hooks";
import { Avatar } from "./Avatar.tsx";
import { IconAnnouncement, IconAnswer, IconErase, IconFlag, IconPin, IconQuestion, IconReact, IconReply } from "./icons.tsx";
import { ReasonForm } from "./ReasonForm.tsx";
import { Responses, useResponding } from "./Responses.tsx";
import type { Message } from "../store/message.ts";
import type { Rights } from "../store/rights.ts";
import type { Removal } from "../store/room-log.ts";
import { formatRoute } from "../store/route.ts";
import { moment, time } from "../text/format.ts";
import { t } from "../text/index.ts";
import type { MessageKind } from "../wire/types.ts";

const s = t.log;
/** Longer texts are folded: one screen of one author is enough until asked for more. */
const FOLD_CHARS = 1_100;
const FOLD_LINES = 14;

export interface RowProps {
  room: string;
  message: Message;
  /** The author, as far as anything still says. */
  name: string | undefined;
  /** Goes on where the row before it ended: name, topic and avatar are not repeated. */
  joined: boolean;
  mine: boolean;
  topicName: string | undefined;
  showTopic: boolean;
  replied: { name: string | undefined; body: string; seq: number } | undefined;
  removal: Removal | undefined;
  /** What this reader may do here. */
  may: Rights;
  /** It replies to a question that waits, and this reader may say that it answers it: the question's mid. */
  answers: string | undefined;
  /** The one row that is in the tab order. */
  active: boolean;
  onActive(): void;
  onReply(): void;
  onJump(): void;
  onAnswer(mid: string): void;
}

const KIND_ICONS = { question: IconQuestion, answer: IconAnswer, announcement: IconAnnouncement };

export const Kind = ({ kind }: { kind: MessageKind }) => {
  if (kind === "message") return null;
  const Shape = KIND_ICONS[kind];
  return <span class={`kind ${kind}`}><Shape /> {t.kinds[kind]}</span>;
};

export function MessageRow(props: RowProps) {
  const { message, joined, removal, active, may } = props;
  const shown = !message.erased && message.stand === "shown";
  const mayErase = !message.erased && may.moderate;
  const [form, setForm] = useState<"report" | "redact">();
  const [picking, setPicking] = useState(false);
  const responding = useResponding(props.room, message);
  const { respond } = responding;
  const { name, answers } = props;
  const shownName = name ?? s.unknownAuthor;
  const tab = active ? 0 : -1;
  return (
    <li class={`row${joined ? " joined-row" : ""}${active ? " active" : ""}`} data-seq={message.seq} data-mid={message.mid}
      tabIndex={tab} onFocusCapture={props.onActive} onPointerDown={props.onActive}
      aria-label={s.rowLabel(shownName, t.kinds[message.kind], time(message.at))}>
      <div class="gutter">
        {joined ? <time class="row-time" dateTime={new Date(message.at).toISOString()} title={moment(message.at)}>{time(message.at)}</time>
          : <Avatar id={message.author} name={name} />}
      </div>
      <div class="row-main">
        {!joined && (
          <header class="row-head">
            <span class="author" dir="auto">{shownName}</span>
            {props.mine && <span class="chip">{s.you}</span>}
            {message.card?.profession && <span class="chip">{message.card.profession}</span>}
            {message.imported && <span class="chip">{s.imported}</span>}
            {message.pinned && <span class="chip"><IconPin /> {t.responses.pinned}</span>}
            <time class="row-time" dateTime={new Date(message.at).toISOString()} title={moment(message.at)}>{time(message.at)}</time>
            <Kind kind={message.kind} />
            {props.showTopic && (
              <a class="topic-chip" tabIndex={tab} dir="auto" href={formatRoute({ room: props.room, topic: message.topic })}
                aria-label={t.topics.show(props.topicName ?? t.topics.erasedName)}>
                {props.topicName ?? t.topics.erasedName}
              </a>
            )}
          </header>
        )}
        {message.replyTo !== undefined && (
          <button type="button" class="reply-ref" tabIndex={tab} title={s.replyGo} onClick={props.onJump}>
            <IconReply />
            <span class="reply-name">{props.replied ? s.replyTo(props.replied.name ?? s.unknownAuthor) : s.replyToUnknown}</span>
            {props.replied && <span class="reply-body" dir="auto">{props.replied.body.slice(0, 140)}</span>}
          </button>
        )}
        {message.erased && <Erased removal={removal} />}
        {!message.erased && !shown && <p class="erased">{message.stand === "retracted" ? s.retracted : s.hidden}</p>}
        {shown && <Body text={message.body} tab={tab} />}
        {shown && message.edited && <span class="chip">{s.edited}</span>}
        {shown && message.tags.length > 0 && (
          <div class="row-foot">{message.tags.map((tag) => <span key={tag} class="tag" dir="auto">{tag}</span>)}</div>
        )}
        {shown && (
          <Responses message={message} picking={picking} tab={tab} responding={responding} onAnswer={props.onAnswer}
            onPicked={() => setPicking(false)} />
        )}
        {form && <ReasonForm kind={form} room={props.room} of={message.mid} close={() => setForm(undefined)} />}
      </div>
      {!form && (shown || mayErase) && (
        <div class="tools" role="group" aria-label={t.actions.label}>
          {shown && (
            <button type="button" class="tool" tabIndex={tab} onClick={props.onReply}><IconReply /> {t.actions.reply}</button>
          )}
          {shown && (
            <button type="button" class="tool" tabIndex={tab} aria-expanded={picking} onClick={() => setPicking(!picking)}><IconReact /> {t.actions.react}</button>
          )}
          {shown && answers !== undefined && (
            <button type="button" class="tool" tabIndex={tab} onClick={() => respond("answer.accept", { answer: message.mid }, answers)}>
              <IconAnswer /> {t.actions.accept}
            </button>
          )}
          {shown && may.pin && (
            <button type="button" class="tool" tabIndex={tab} onClick={() => respond(message.pinned ? "message.unpin" : "message.pin", {})}>
              <IconPin /> {message.pinned ? t.actions.unpin : t.actions.pin}
            </button>
          )}
          {shown && may.report && (
            <button type="button" class="tool" tabIndex={tab} onClick={() => setForm("report")}><IconFlag /> {t.actions.report}</button>
          )}
          {mayErase && (
            <button type="button" class="tool" tabIndex={tab} onClick={() => setForm("redact")}><IconErase /> {t.actions.redact}</button>
          )}
        </div>
      )}
    </li>
  );
}

function Body({ text, tab }: { text: string; tab: number }) {
  const [open, setOpen] = useState(false);
  const long = text.length > FOLD_CHARS || text.split("\n", FOLD_LINES + 1).length > FOLD_LINES;
  return (
    <>
      <p class={`body${long && !open ? " folded" : ""}`} dir="auto">{text}</p>
      {long && (
        <button type="button" class="link" tabIndex={tab} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? s.showLess : s.showAll(new TextEncoder().encode(text).length)}
        </button>
      )}
    </>
  );
}

const Erased = ({ removal }: { removal: Removal | undefined }) => (
  <p class="erased">
    <IconErase /> <span>{s.erased}{removal && <>, <time>{time(removal.at)}</time></>}</span>
    {removal?.reason !== undefined && <span class="erased-why" dir="auto">{s.erasedReason(removal.reason)}</span>}
  </p>
);
