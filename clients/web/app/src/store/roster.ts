// Who is in a room: the answer to `presence`, kept true by the signals after it. A synchronous state
// machine; it says when to ask, and its owner asks.

import type { Person, PresencePage, PresenceSignal } from "../wire/types.ts";

/** With more people than this the server names nobody. */
export const NAMED_MAX = 200;

export class Roster {
  online = 0;
  /** Who they are, by id; `undefined`: not asked yet, too many to be named, or a signal was lost. */
  people: Map<string, Person> | undefined;
  private rev = -1;

  /** A join or a list of rooms told the number. It does not say when, so only the first one counts. */
  told(online: number): void {
    if (this.rev < 0) this.online = online;
  }

  /** The first page of an answer. */
  begin(page: PresencePage): void {
    this.rev = page.rev;
    this.online = page.online;
    this.people = page.people && new Map(page.people.map((person) => [person.id, person]));
  }

  /** A further page; signals may have come between. */
  add(page: PresencePage): void {
    if (!page.people) this.people = undefined;
    for (const person of page.people ?? []) this.people?.set(person.id, person);
  }

  /** Takes a signal. Answers whether to ask who is here. */
  heard(signal: PresenceSignal): boolean {
    if (signal.rev <= this.rev) return false;
    const next = signal.rev === this.rev + 1;
    const { joined = [], left = [] } = signal;
    this.rev = signal.rev;
    this.online = signal.online;
    if (this.people && next && joined.length + left.length > 0) {
      for (const id of left) this.people.delete(id);
      for (const person of joined) this.people.set(person.id, person);
      return false;
    }
    this.people = undefined;
    return signal.online <= NAMED_MAX;
  }

  /** The connection has gone: what is held is shown until there is an answer of the next one. */
  stale(): void {
    this.rev = -1;
  }

  /** The room is not ours to look into any more. */
  clear(): void {
    this.online = 0;
    this.people = undefined;
    this.rev = -1;
  }

  /** By name, as one reads. */
  list(): Person[] {
    const order = new Intl.Collator();
    return [...(this.people?.values() ?? [])].sort((a, b) => order.compare(a.card.name, b.card.name) || (a.id < b.id ? -1 : 1));
  }
}
