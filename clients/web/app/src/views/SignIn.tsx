// The sign-in card: paste a token, read what this place is and is not.

import { useEffect, useRef, useState } from "preact/hooks";
import { usePage, useSecondsUntil } from "./context.ts";
import { IconAlert, Mark } from "./icons.tsx";
import { t } from "../text/index.ts";

const s = t.signIn;

export function SignIn() {
  const { app } = usePage();
  const [shown, setShown] = useState(false);
  const [mistake, setMistake] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  const checking = app.phase.value === "signing_in";
  const link = app.link.value;
  const waiting = checking && (link.kind === "waiting" || (link.kind === "connecting" && link.attempt > 0));
  const seconds = useSecondsUntil(link.kind === "waiting" ? link.until : undefined);
  const refused = app.problem.value;
  const problem = mistake ?? (refused && (refused.kind === "refused" ? s.refused(refused.message) : s[refused.kind]));

  useEffect(() => {
    // A wrong token: back to the field, where the error is described.
    if (problem && !checking) field.current?.focus();
  }, [problem, checking]);

  const submit = (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    const error = token === "" ? s.empty : /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) ? undefined : s.shape;
    setMistake(error);
    if (error) field.current?.focus();
    else app.signIn(token);
  };

  return (
    <main class="signin" id="main">
      <form class="card" method="post" onSubmit={submit} aria-labelledby="signin-title">
        <header class="signin-head">
          <Mark size={40} />
          <div>
            <h1 id="signin-title">{t.name}</h1>
            <p class="muted">{t.tagline}</p>
          </div>
        </header>
        <div class="field">
          <label for="token">{s.label}</label>
          <div class="joined">
            <input id="token" name="token" ref={field} type={shown ? "text" : "password"} autocomplete="current-password"
              autocapitalize="off" autocorrect="off" spellcheck={false} disabled={checking} required
              aria-invalid={problem ? "true" : undefined} aria-describedby="token-problem token-hint"
              onInput={() => setMistake(undefined)} />
            <button type="button" class="plain" aria-pressed={shown} aria-label={s.showLabel} onClick={() => setShown(!shown)}>
              {shown ? s.hide : s.show}
            </button>
          </div>
          <p id="token-problem" class="problem" role="alert">
            {problem && !checking && <><IconAlert /> <span>{problem}</span></>}
          </p>
        </div>
        {checking ? (
          <div class="signin-wait" role="status">
            <p>{waiting ? (seconds > 0 ? s.unreachable(seconds) : s.unreachableNow) : s.checking}</p>
            <button type="button" onClick={() => app.signOut()}>{s.cancel}</button>
          </div>
        ) : (
          <button type="submit" class="primary wide">{s.submit}</button>
        )}
        {app.leftWaiting.value > 0 && <p class="note">{s.waiting(app.leftWaiting.value)}</p>}
        <div id="token-hint" class="hint">
          <p>{s.hint}</p>
          <p>{s.hintTrying}</p>
          <pre tabIndex={0}><code>{s.command}</code></pre>
          <p>{s.stay}</p>
        </div>
        <section class="consent" aria-labelledby="consent-title">
          <h2 id="consent-title">{s.consentTitle}</h2>
          <p>{s.consent}</p>
          <p>{s.consentServer}</p>
        </section>
      </form>
    </main>
  );
}
