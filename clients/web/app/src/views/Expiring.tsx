// Above the room while the token ends soon: says so in time, and takes a newer one without a break.

import { useEffect, useRef, useState } from "preact/hooks";
import { usePage, useSecondsUntil } from "./context.ts";
import { IconAlert, IconClock } from "./icons.tsx";
import { t, why } from "../text/index.ts";
import { Failure } from "../wire/failure.ts";

const s = t.expiring;

export function Expiring() {
  const { app, say } = usePage();
  const until = app.life.ending.value;
  const seconds = useSecondsUntil(until);
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  // Said once; a count of seconds is no news.
  useEffect(() => {
    if (until !== undefined) say(s.spoken);
    setProblem(undefined);
  }, [until === undefined]);
  if (until === undefined) return null;

  const submit = (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (token === "") return field.current?.focus();
    setWorking(true);
    setProblem(undefined);
    app.renew(token).then(
      () => say(s.renewed),
      (error: unknown) => {
        const refused = error instanceof Failure && error.needsToken;
        setProblem(refused ? s.refused : s.failed(error instanceof Failure ? why(error) : String(error)));
        field.current?.focus();
      },
    ).finally(() => setWorking(false));
  };

  return (
    <form class="expiring" method="post" aria-label={s.label} onSubmit={submit}>
      <p class="expiring-text"><IconClock /> <span>{seconds > 0 ? s.ends(seconds) : s.endsNow} {s.kept}</span></p>
      <input ref={field} type="password" autocomplete="off" autocapitalize="off" spellcheck={false} aria-label={s.field} placeholder={s.field}
        aria-invalid={problem ? "true" : undefined} aria-describedby="expiring-problem" onInput={() => setProblem(undefined)} />
      <button type="submit" class="small" disabled={working}>{s.submit}</button>
      <p id="expiring-problem" class="problem" role="alert">{problem && <><IconAlert /> <span>{problem}</span></>}</p>
    </form>
  );
}
