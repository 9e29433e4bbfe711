// What the signed-in person may do in a room: those lines of the server's table (`src/domain/access.rs`)
// that the page offers a button for. The server decides; the page only does not offer what it refuses.

import type { RoomLog } from "./room-log.ts";
import type { BelongsFacts, Entry, Joined, Principal, RoomRole } from "../wire/types.ts";

export interface Rights {
  /** Point the moderators to a message. */
  report: boolean;
  /** Keep a message in sight. */
  pin: boolean;
  /** Erase words; settle others' topics and questions. */
  moderate: boolean;
}

const NONE: Rights = { report: false, pin: false, moderate: false };

export function rightsIn({ state, roles }: RoomLog, me: Principal | undefined): Rights {
  if (!state || !me) return NONE;
  const role = roles.of(me.id);
  if (state.class === "direct") return { ...NONE, pin: role !== undefined };
  if (state.class !== "discussion") return NONE; // nothing is granted there yet
  // A token's moderators keep order in every discussion room, whatever they are in it, and nowhere else.
  const moderate = role === "owner" || role === "moderator" || me.roles.includes("moderator");
  return { report: true, pin: moderate, moderate };
}

/** What the reader is in a room: what a join told, and what the entries after it say. */
export class Roles {
  private mine: RoomRole | undefined;
  private told = 0;
  /** What people became since; nothing for who belongs to the room no more. */
  private readonly since = new Map<string, RoomRole | undefined>();

  joined({ position, state }: Joined): void {
    this.mine = state.role;
    this.told = position.seq;
    this.since.clear();
  }

  /** Entries come in their order. What is replayed up to the head is in the state already. */
  take({ op, seq, d }: Entry): void {
    if (seq <= this.told || !OPS.has(op)) return;
    const { person, role } = d as unknown as BelongsFacts;
    this.since.set(person, role);
  }

  /** `me`: who joined. The log does not know whose page it is on. */
  of(me: string): RoomRole | undefined {
    return this.since.has(me) ? this.since.get(me) : this.mine;
  }
}

const OPS: ReadonlySet<string> = new Set([
  "member.invited", "member.admitted", "member.role_set", "member.left", "member.removed",
]);
