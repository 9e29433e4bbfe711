// Where waiting messages rest between reloads. One key per message and person, so that two tabs never
// overwrite each other and nobody sends what another person wrote.

import type { Post } from "../wire/types.ts";

export interface Kept {
  post: Post;
  /** Order within a room. */
  made: number;
}

export interface Shelf {
  /** Stores before anything is sent. `false`: the browser has no room, and nothing was stored. */
  put(kept: Kept): boolean;
  remove(mid: string): void;
  all(): Kept[];
}

const PREFIX = "wardroom.outbox.";

/** A shelf in the browser's local storage. It holds what was written until the server has it. */
export function browserShelf(person: string, storage: Storage): Shelf {
  const prefix = `${PREFIX}${person}.`;
  return {
    put(kept) {
      try {
        storage.setItem(prefix + kept.post.mid, JSON.stringify(kept));
        return true;
      } catch {
        return false;
      }
    },
    remove(mid) {
      storage.removeItem(prefix + mid);
    },
    all() {
      const found: Kept[] = [];
      for (let at = 0; at < storage.length; at++) {
        const key = storage.key(at);
        if (!key?.startsWith(prefix)) continue;
        try {
          found.push(JSON.parse(storage.getItem(key) ?? "") as Kept);
        } catch {
          // A torn write of a closing tab; there is nothing in it to send.
        }
      }
      return found.sort((a, b) => a.made - b.made);
    },
  };
}

/** The mid that a storage event says another tab is done with, if it is about this person's shelf. */
export function removedElsewhere(person: string, event: { key: string | null; newValue: string | null }) {
  const prefix = `${PREFIX}${person}.`;
  return event.key?.startsWith(prefix) && event.newValue === null
    ? event.key.slice(prefix.length)
    : undefined;
}
