// The log of one room, or of one of its topics.

import { Fragment } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { IconAlert, IconDown, IconPin } from "./icons.tsx";
import { MessageRow } from "./MessageRow.tsx";
import { Pending } from "./Pending.tsx";
import { useScroll } from "./use-scroll.ts";
import { bounds } from "./window.ts";
import type { Message } from "../store/message.ts";
import { rightsIn } from "../store/rights.ts";
import type { Rights } from "../store/rights.ts";
import type { Row } from "../store/room-log.ts";
import type { RoomView } from "../store/room-view.ts";
import { day, sameDay } from "../text/format.ts";
import { t, why } from "../text/index.ts";

const s = t.log;
/** One author's rows within this stand under one name. */
const GROUP_MS = 5 * 60_000;
/** Fewer entries behind than this need no bar, unless it lasts. */
const CATCH_UP_FROM = 60;
/** Catching up for longer than this lasts. */
const CATCH_UP_MS = 800;

export interface LogViewProps {
  view: RoomView;
  topic: string | undefined;
  title: string;
  onReply(mid: string): void;
}

export function LogView({ view, topic, title, onReply }: LogViewProps) {
  const { app, go, say } = usePage();
  const version = view.version.value;
  const rows = useMemo(() => view.log.rows(topic), [view, topic, version]);
  const reach = view.log.reachOf(topic);
  const [active, setActive] = useState<number>();
  const [seenTo, setSeenTo] = useState(0);
  /** Where a jump leads that needs another view or earlier pages first. */
  const jump = useRef<{ mid: string; topic: string }>();
  const failed = view.olderFailed.value;
  const ready = view.status.value.kind === "ready";

  const wantOlder = () => {
    if (ready && !failed && !view.loadingOlder.value && (reach === undefined || reach.more)) void view.older(topic);
  };
  const scroll = useScroll(`${view.name}/${topic ?? ""}`, rows, wantOlder);
  const { start, end } = bounds(rows, scroll.stretch);
  const shown = rows.slice(start, end);
  const last = rows.at(-1)?.seq ?? 0;

  useEffect(() => {
    if (!scroll.atEnd) return undefined;
    setSeenTo(last);
    view.trim();
    const mark = () => document.hasFocus() && app.markSeen(view, topic);
    mark();
    addEventListener("focus", mark);
    return () => removeEventListener("focus", mark);
  }, [scroll.atEnd, last, version, topic]);

  useEffect(() => {
    if (jump.current?.topic !== topic) return; // the view it leads to is not shown yet
    const seq = jump.current && view.log.seqOf(jump.current.mid);
    if (seq !== undefined && rows.some((row) => row.seq === seq)) {
      jump.current = undefined;
      setActive(seq);
      scroll.toRow(seq);
    }
  }, [rows]);

  const toMessage = (message: Message) => {
    if (message.replyTo !== undefined) toMid(message.replyTo, message.topic);
  };
  const toMid = (mid: string, of: string) => {
    const seq = view.log.seqOf(mid);
    if (seq !== undefined && rows.some((row) => row.seq === seq)) {
      setActive(seq);
      scroll.toRow(seq);
      return;
    }
    jump.current = { mid, topic: of };
    go({ room: view.name, topic: of });
    void view.find(mid, of).then((found) => {
      if (found) return;
      jump.current = undefined;
      say(s.notFound);
    });
  };

  const current = active !== undefined && shown.some((row) => row.seq === active) ? active : shown.at(-1)?.seq;
  const onKeyDown = (event: KeyboardEvent) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-seq]");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = shown.findIndex((found) => found.seq === Number(row.dataset.seq));
    const step = { ArrowUp: -1, k: -1, ArrowDown: 1, j: 1 }[event.key];
    const found = shown[at];
    if (step !== undefined) {
      const next = shown[at + step];
      if (!next) return;
      event.preventDefault();
      setActive(next.seq);
      scroll.box.current?.querySelector<HTMLElement>(`[data-seq="${next.seq}"]`)?.focus();
    } else if (event.key === "r" && event.target === row && found?.kind === "message" && view.log.shown(found.message.mid)) {
      event.preventDefault();
      onReply(found.message.mid);
    }
  };

  const pins = useMemo(() => view.log.pins().flatMap((seq) => view.log.message(seq) ?? []), [view, version]);
  const behind = view.log.head.seq - view.log.cursor.seq;
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (behind <= 0) return undefined;
    const timer = setTimeout(() => setLate(true), CATCH_UP_MS);
    return () => clearTimeout(timer);
  }, [behind > 0]);
  const fresh = scroll.atEnd ? 0 : rows.filter((row) => row.seq > seenTo && row.kind === "message" && row.message.by !== app.me.value?.id).length;
  const status = view.status.value;
  const may = rightsIn(view.log, app.me.value);

  return (
    <>
      {pins.length > 0 && (
        <details class="pins">
          <summary><IconPin /> {t.responses.pins(pins.length)}</summary>
          <ul>
            {pins.map((pin) => (
              <li key={pin.seq}>
                <button type="button" class="pin" onClick={() => toMid(pin.mid, pin.topic)}>
                  <strong dir="auto">{pin.card?.name ?? s.unknownAuthor}</strong> <span dir="auto">{pin.body.slice(0, 140)}</span>
                </button>
              </li>
            ))}
          </ul>
        </details>
      )}
      <section class="log" id="messages" aria-label={s.label(title)} tabIndex={-1}>
        {behind > 0 && (late || behind > CATCH_UP_FROM) && ready && (
          <div class="catch-up" role="status">
            <span>{s.catchingUp(view.log.cursor.seq, view.log.head.seq)}</span>
            <progress max={view.log.head.seq} value={view.log.cursor.seq} />
          </div>
        )}
        <div class="log-scroll" ref={scroll.box} onKeyDown={onKeyDown}>
          <div class="log-inner">
            {status.kind === "joining" && rows.length === 0 && <p class="quiet center" role="status">{s.joining}</p>}
            {status.kind === "failed" && (
              <p class="quiet center" role="alert">{status.failure.code !== "removed" && s.failed} {why(status.failure)}{" "}
                <button type="button" class="link" onClick={() => void view.join()}>{s.retry}</button>
              </p>
            )}
            {view.loadingOlder.value && <p class="quiet center" role="status">{s.loadingOlder}</p>}
            {failed && (
              <p class="quiet center" role="alert">{s.olderFailed}{" "}
                <button type="button" class="link" onClick={() => void view.older(topic)}>{s.retry}</button>
              </p>
            )}
            {ready && start === 0 && reach?.more === false && rows.length > 0 && (
              <p class="quiet center">{topic === undefined ? s.start(title) : s.startTopic}</p>
            )}
            {ready && rows.length === 0 && reach?.more === false && !view.loadingOlder.value && (
              <p class="quiet center empty">{topic === undefined ? s.empty : s.emptyTopic}</p>
            )}
            <ol class="rows">
              {shown.map((row, at) => (
                <LogRow key={row.seq} view={view} row={row} before={shown[at - 1]} topic={topic} may={may} active={row.seq === current}
                  onActive={setActive} onReply={onReply} onJump={toMessage} onAnswer={toMid} />
              ))}
            </ol>
            <Pending view={view} />
          </div>
        </div>
        {!scroll.atEnd && (
          <button type="button" class="to-end" onClick={scroll.toEnd}><IconDown /> {fresh > 0 ? s.newer(fresh) : s.latest}</button>
        )}
      </section>
    </>
  );
}

interface LogRowProps {
  view: RoomView;
  row: Row;
  before: Row | undefined;
  topic: string | undefined;
  may: Rights;
  active: boolean;
  onActive(seq: number): void;
  onReply(mid: string): void;
  onJump(message: Message): void;
  onAnswer(mid: string, topic: string): void;
}

function LogRow({ view, row, before, topic, may, active, onActive, onReply, onJump, onAnswer }: LogRowProps) {
  const { app } = usePage();
  if (row.kind === "gap") {
    return (
      <li class="gap" data-seq={row.seq} tabIndex={active ? 0 : -1} onFocus={() => onActive(row.seq)}>
        <span><IconAlert /> {s.gap(row.from, row.to)}</span><small>{s.gapWhy}</small>
      </li>
    );
  }
  const { message } = row;
  // A person whose words are gone is still named by their other messages; an import's author is not.
  const nameOf = (of: Message) => of.card?.name ?? (of.imported ? undefined : view.names.get(of.by));
  const previous = before?.kind === "message" ? before.message : undefined;
  const newDay = !previous || !sameDay(previous.at, message.at);
  const joined = !newDay && previous.author === message.author && previous.topic === message.topic &&
    message.at - previous.at < GROUP_MS && message.replyTo === undefined && message.kind === "message";
  const repliedSeq = message.replyTo === undefined ? undefined : view.log.seqOf(message.replyTo);
  const replied = repliedSeq === undefined ? undefined : view.log.message(repliedSeq);
  const waits = replied?.question === "open" || replied?.question === "needs_info";
  const answers = replied && waits && (may.moderate || replied.by === app.me.value?.id) ? replied.mid : undefined;
  return (
    <Fragment>
      {newDay && <li class="day"><span>{day(message.at, Date.now())}</span></li>}
      <MessageRow room={view.name} message={message} joined={joined} active={active}
        mine={message.by === app.me.value?.id && !message.imported}
        topicName={view.topics.get(message.topic)?.name || (message.topic === message.filed ? message.topicName : undefined) || undefined}
        showTopic={topic === undefined && !joined && (newDay || previous.topic !== message.topic || message.replyTo === undefined)}
        name={nameOf(message)}
        replied={replied && { name: nameOf(replied), body: replied.erased ? s.erased : replied.stand === "shown" ? replied.body : s[replied.stand], seq: replied.seq }}
        removal={view.log.removals.get(message.mid)}
        may={may} answers={answers}
        onActive={() => onActive(message.seq)} onReply={() => onReply(message.mid)} onJump={() => onJump(message)}
        onAnswer={(mid) => onAnswer(mid, message.topic)} />
    </Fragment>
  );
}
