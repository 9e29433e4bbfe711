// The language in use. One for now; the choice is made here and nowhere else.

import { en } from "./en.ts";
import type { Texts } from "./en.ts";
import type { Failure } from "../wire/failure.ts";

export const t: Texts = en;

/** Why something failed, for people: our own words where we have them, the server's otherwise. */
export function why(failure: Failure | { code: string; message: string }): string {
  const known = t.errors as Record<string, unknown>;
  const text = known[failure.code];
  return typeof text === "string" ? text : t.errors.other(failure.message);
}
