// What a close code asks of a client. The hundred decides, so that a code added later is understood.

export type AfterClose =
  | "now" //      reconnect at once, resume by position
  | "backoff" //  come back slower
  | "sign_in" //  the token is no good any more
  | "rejoin" //   drop positions, then reconnect
  | "stay_away"; // the server and this page do not understand each other

/** A frame of ours was wrong by RFC 6455, or too large. It would be so again. */
const OUR_FRAME: ReadonlySet<number> = new Set([1002, 1003, 1007, 1009]);

export function afterClose(code: number): AfterClose {
  if (OUR_FRAME.has(code)) return "stay_away";
  switch (Math.floor(code / 100)) {
    case 40:
      return "now";
    case 42:
      return code === 4200 ? "backoff" : "sign_in"; // 4200: our hello came too late
    case 43:
      return "rejoin";
    case 44:
      return "stay_away";
    default:
      return "backoff";
  }
}
