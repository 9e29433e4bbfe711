// What readers made of a message: reactions, who took note of an announcement, where a question stands.
// Each is a button where one may do the same. Not queued: it works now or it says that it did not.

import { useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { IconAlert } from "./icons.tsx";
import { freshMid } from "../mid.ts";
import type { Message } from "../store/message.ts";
import { count } from "../text/format.ts";
import { t, why } from "../text/index.ts";
import { Failure } from "../wire/failure.ts";
import { REACTIONS } from "../wire/types.ts";

const s = t.responses;

/** Says what one makes of a message, and what became of that if it was not taken. */
export function useResponding(room: string, message: Message) {
  const { app, say } = usePage();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const respond = (op: string, body: object, of = message.mid): void => {
    if (busy) return;
    if (app.link.value.kind !== "live") return setProblem(t.actions.offline);
    setBusy(true);
    setProblem(undefined);
    app.respond(op, { room, mid: freshMid(), of, ...body }).catch((error: unknown) => {
      const text = t.actions.failed(error instanceof Failure ? why(error) : String(error));
      setProblem(text);
      say(text);
    }).finally(() => setBusy(false));
  };
  return { respond, busy, problem };
}

export type Responding = ReturnType<typeof useResponding>;

export function Responses({ message, picking, tab, responding, onAnswer, onPicked }: {
  message: Message; picking: boolean; tab: number; responding: Responding; onAnswer(mid: string): void; onPicked(): void;
}) {
  const { app } = usePage();
  const me = app.me.value?.id ?? "";
  const { respond, busy, problem } = responding;
  const given = REACTIONS.filter((reaction) => picking || message.reactions[reaction]);
  const { answer } = message;
  const noted = message.acks.includes(me);
  const mayNote = message.ack !== undefined && !noted && (message.ack.until === undefined || message.ack.until > Date.now());
  if (given.length === 0 && message.question === undefined && message.ack === undefined && !problem) return null;
  return (
    <div class="responses">
      {message.question !== undefined && (answer === undefined
        ? <span class={`chip question-${message.question}`}>{s.question[message.question]}</span>
        : <button type="button" class="response answered" tabIndex={tab} onClick={() => onAnswer(answer)}>{s.answered}</button>)}
      {mayNote && (
        <button type="button" class="response" tabIndex={tab} disabled={busy} onClick={() => respond("announcement.ack", {})}>{s.note}</button>
      )}
      {message.ack !== undefined && (noted || message.acks.length > 0) && (
        <span class="chip">{noted ? s.notedWithYou(message.acks.length) : s.noted(message.acks.length)}</span>
      )}
      {given.map((reaction) => {
        const people = message.reactions[reaction] ?? [];
        const mine = people.includes(me);
        return (
          <button key={reaction} type="button" class="response" tabIndex={tab} aria-pressed={mine} disabled={busy}
            onClick={() => { respond(mine ? "message.unreact" : "message.react", { reaction }); onPicked(); }}>
            {t.reactions[reaction]}
            {people.length > 0 && (
              <span class="tally"><span aria-hidden="true">{count(people.length)}</span><span class="hidden">{s.people(people.length)}</span></span>
            )}
          </button>
        );
      })}
      {problem && <p class="problem" role="alert"><IconAlert /> <span>{problem}</span></p>}
    </div>
  );
}
