// Asks why, inline, before words are removed or a message is reported. Not queued: it works now or it
// says that it did not.

import { useEffect, useRef, useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { IconAlert } from "./icons.tsx";
import { freshMid } from "../mid.ts";
import { t, why } from "../text/index.ts";
import { Failure } from "../wire/failure.ts";

const s = t.actions;
const REASON_CHARS = 2_000;

export function ReasonForm({ kind, room, of, close }: {
  kind: "report" | "redact"; room: string; of: string; close(): void;
}) {
  const { app, say } = usePage();
  const field = useRef<HTMLTextAreaElement>(null);
  // One mid for all tries of this form: sending twice does it once.
  const [mid] = useState(() => freshMid());
  const [state, setState] = useState<{ busy: boolean; problem?: string }>({ busy: false });
  const opener = useRef(document.activeElement);
  useEffect(() => field.current?.focus(), []);

  const leave = () => {
    close();
    const before = opener.current;
    if (before instanceof HTMLElement) before.closest<HTMLElement>("[data-seq]")?.focus();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const reason = field.current?.value.trim() ?? "";
    if (reason === "") return field.current?.focus();
    if (app.link.value.kind !== "live") return setState({ busy: false, problem: s.offline });
    setState({ busy: true });
    app.about(kind === "redact" ? "message.redact" : "message.report", room, of, reason, mid).then(
      () => {
        if (kind === "report") say(s.reported);
        leave();
      },
      (error: unknown) => {
        const text = error instanceof Failure ? why(error) : String(error);
        setState({ busy: false, problem: s.failed(text) });
      },
    );
  };

  const title = kind === "redact" ? s.redactTitle : s.reportTitle;
  return (
    <form class={`reason ${kind}`} method="post" onSubmit={submit} aria-label={title}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") leave();
      }}>
      <strong>{title}</strong>
      <label>
        <span>{kind === "redact" ? s.redactReason : s.reportReason}</span>
        <textarea ref={field} rows={2} maxLength={REASON_CHARS} required dir="auto" />
      </label>
      {state.problem && <p class="problem" role="alert"><IconAlert /> {state.problem}</p>}
      <div class="buttons">
        <button type="submit" class={kind === "redact" ? "danger" : "primary"} disabled={state.busy}>
          {state.busy ? s.working : kind === "redact" ? s.redactDo : s.reportDo}
        </button>
        <button type="button" onClick={leave}>{s.cancel}</button>
      </div>
    </form>
  );
}
