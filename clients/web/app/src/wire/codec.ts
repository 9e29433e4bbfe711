// Frames to values and back. A frame with `id` is a reply, with `seq` an entry, with `room` a signal,
// with neither a notice.

import type { Entry, WireError } from "./types.ts";

export type ServerFrame =
  | { kind: "reply"; id: number; ok: unknown }
  | { kind: "error"; id: number; error: WireError }
  | { kind: "entry"; entry: Entry }
  | { kind: "signal"; room: string; op: string; by: string | undefined; d: Record<string, unknown> }
  | { kind: "notice"; op: string; d: Record<string, unknown> };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads one frame; `undefined` means that the server does not speak wardroom.v1. */
export function decode(text: string): ServerFrame | undefined {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(frame)) return undefined;
  if (typeof frame.id === "number") {
    if (isObject(frame.error)) {
      return { kind: "error", id: frame.id, error: frame.error as unknown as WireError };
    }
    return "ok" in frame ? { kind: "reply", id: frame.id, ok: frame.ok } : undefined;
  }
  if (typeof frame.seq === "number") {
    const entry = frame as unknown as Entry;
    const whole =
      typeof entry.room === "string" && typeof entry.op === "string" &&
      typeof entry.mid === "string" && typeof entry.epoch === "number" &&
      isObject(entry.by) && isObject(entry.d);
    return whole ? { kind: "entry", entry } : undefined;
  }
  if (typeof frame.op !== "string") return undefined;
  const d = isObject(frame.d) ? frame.d : {};
  if (typeof frame.room === "string") {
    const by = isObject(frame.by) && typeof frame.by.id === "string" ? frame.by.id : undefined;
    return { kind: "signal", room: frame.room, op: frame.op, by, d };
  }
  return { kind: "notice", op: frame.op, d };
}

/** A command's frame. Without an id there is no reply. */
export function encode(id: number | undefined, op: string, d: object): string {
  return JSON.stringify(id === undefined ? { op, d } : { id, op, d });
}

/** What a frame takes on the wire: bytes of UTF-8, as the server's limit counts them. */
export const frameSize = (frame: string): number => new TextEncoder().encode(frame).length;
