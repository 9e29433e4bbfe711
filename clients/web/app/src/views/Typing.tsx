// One quiet line: who is writing. With one topic shown, only who writes in that one.

import type { Typist } from "../store/attendance.ts";
import type { RoomView } from "../store/room-view.ts";
import { t } from "../text/index.ts";

const s = t.log;

export function Typing({ view, topic }: { view: RoomView; topic: string | undefined }) {
  const typists = view.here.typing.value.filter((typist) => topic === undefined || typist.topic === topic);
  // Readers would hear it again and again: it is there to be looked up, not announced.
  return <p class="typing" dir="auto" aria-live="off">{sentence(view, typists, topic)}</p>;
}

function sentence(view: RoomView, typists: Typist[], topic: string | undefined): string {
  const [first, second] = typists;
  if (!first) return "";
  const name = (typist: Typist) => typist.name ?? view.names.get(typist.id) ?? s.somebody;
  if (typists.length > 2) return s.typingMany(typists.length);
  if (second) return s.typingTwo(name(first), name(second));
  const where = topic === undefined && first.topic !== undefined ? view.topics.get(first.topic)?.name : undefined;
  return where === undefined ? s.typingOne(name(first)) : s.typingIn(name(first), where);
}
