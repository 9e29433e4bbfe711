// Who is in the open room and who is writing there, as the views show it: a roster, when to ask for it
// anew, and typing that is forgotten by itself.

import { signal } from "@preact/signals";
import { Roster } from "./roster.ts";
import type { RoomDeps } from "./room-view.ts";
import type { Card, PresencePage, PresenceSignal } from "../wire/types.ts";

/** Nobody asks with everybody else: a random moment within this. */
const ASK_WITHIN_MS = 3_000;
const ASK_EVERY_MS = 5_000;
const PAGES_MAX = 50;
const TYPING_MS = 6_000;

export interface Typist {
  id: string;
  name: string | undefined;
  /** The topic they write in, if it has an id. */
  topic: string | undefined;
}

export class Attendance {
  readonly roster = new Roster();
  /** Rises whenever the roster changed. */
  readonly version = signal(0);
  readonly typing = signal<readonly Typist[]>([]);
  private readonly typists = new Map<string, () => void>();
  private asked = -Infinity;
  private waiting: (() => void) | undefined;

  constructor(
    private readonly room: string,
    private readonly deps: Pick<RoomDeps, "ask" | "later" | "random" | "now">,
  ) {}

  /** The room is followed on a new connection. */
  joined(online: number | undefined): void {
    this.roster.stale();
    if (online === undefined) return; // a server that does not tell
    this.roster.told(online);
    this.version.value += 1;
    // After a cut everybody asks: not all at once. The list shown meanwhile is the last one.
    this.schedule(this.roster.people ? this.deps.random() * ASK_WITHIN_MS : 0);
  }

  heard(news: PresenceSignal): void {
    const ask = this.roster.heard(news);
    for (const id of news.left ?? []) this.stopTyping(id);
    this.version.value += 1;
    if (!ask || this.waiting) return;
    const early = Math.max(0, this.asked + ASK_EVERY_MS - this.deps.now());
    this.schedule(early + this.deps.random() * ASK_WITHIN_MS);
  }

  /** The room is lost: nobody in it is shown. */
  left(): void {
    this.waiting?.();
    this.waiting = undefined;
    for (const id of [...this.typists.keys()]) this.stopTyping(id);
    this.roster.clear();
    this.version.value += 1;
  }

  /** Somebody is writing; forgotten by itself. */
  isTyping(id: string, topic: string | undefined, card: Card | undefined): void {
    this.typists.get(id)?.();
    this.typists.set(id, this.deps.later(TYPING_MS, () => this.stopTyping(id)));
    const others = this.typing.value.filter((typist) => typist.id !== id);
    this.typing.value = [...others, { id, topic, name: card?.name ?? this.roster.people?.get(id)?.card.name }];
  }

  stopTyping(id: string): void {
    const forget = this.typists.get(id);
    if (!forget) return;
    forget();
    this.typists.delete(id);
    this.typing.value = this.typing.value.filter((typist) => typist.id !== id);
  }

  private schedule(ms: number): void {
    this.waiting?.();
    this.waiting = this.deps.later(ms, () => {
      this.waiting = undefined;
      void this.ask();
    });
  }

  private async ask(): Promise<void> {
    this.asked = this.deps.now();
    let after: string | undefined;
    try {
      for (let at = 0; at < PAGES_MAX; at++) {
        const page = (await this.deps.ask("presence", {
          room: this.room, ...(after === undefined ? {} : { after }),
        })) as PresencePage;
        if (at === 0) this.roster.begin(page);
        else this.roster.add(page);
        after = page.next;
        if (after === undefined) break;
      }
    } catch {
      // The number is there; names come with the next connection or signal.
    }
    this.version.value += 1;
  }
}
