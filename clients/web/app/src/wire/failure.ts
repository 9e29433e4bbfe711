import type { Position, WireError } from "./types.ts";

/** Why a command has no answer, or a refusal. The number's hundred says what to do. */
export class Failure extends Error {
  readonly code: string;
  readonly number: number;
  readonly retryAfterMs: number | undefined;
  readonly common: Position | undefined;

  constructor(error: WireError) {
    super(error.message);
    this.code = error.code;
    this.number = error.number;
    this.retryAfterMs = error.retry_after_ms;
    this.common = error.common;
  }

  /** The connection went away before an answer came; the outcome is not known. */
  static disconnected(): Failure {
    return new Failure({ code: "disconnected", number: 190, message: "The connection was lost." });
  }

  /** No answer in time; the outcome is not known. */
  static timeout(): Failure {
    return new Failure({ code: "timeout", number: 191, message: "The server did not answer in time." });
  }

  /** A frame that the server would not take. It was not sent. */
  static tooLarge(): Failure {
    return new Failure({ code: "too_large", number: 204, message: "It is larger than a frame may be." });
  }

  /** Whether the same command, with the same mid, may succeed later. */
  get retryable(): boolean {
    return this.number < 200;
  }

  /** Whether only a new token helps. */
  get needsToken(): boolean {
    return this.number >= 300 && this.number < 400;
  }
}
