// Says that a topic is settled, or open again. Not queued: it works now or it says that it did not.

import { useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { IconAlert } from "./icons.tsx";
import { freshMid } from "../mid.ts";
import type { RoomView } from "../store/room-view.ts";
import { t, why } from "../text/index.ts";
import { Failure } from "../wire/failure.ts";

export function Settle({ view, topic, settled }: { view: RoomView; topic: string; settled: boolean }) {
  const { app } = usePage();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const settle = () => {
    if (app.link.value.kind !== "live") return setProblem(t.actions.offline);
    setBusy(true);
    setProblem(undefined);
    app.respond("topic.resolve", { room: view.name, mid: freshMid(), topic, resolved: !settled })
      .catch((error: unknown) => setProblem(t.actions.failed(error instanceof Failure ? why(error) : String(error))))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <button type="button" class="small" disabled={busy} onClick={settle}>{settled ? t.topics.reopen : t.topics.settle}</button>
      {problem && <span class="problem" role="alert"><IconAlert /> <span>{problem}</span></span>}
    </>
  );
}
