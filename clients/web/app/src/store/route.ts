// Where one is, in the address's fragment: `#/r/cardiology` or `#/r/cardiology/t/<topic>`. Slugs and
// opaque ids only; nothing that anybody wrote, and never a token.

export interface Route {
  room: string | undefined;
  topic: string | undefined;
}

const SHAPE = /^#\/r\/([a-z0-9-]{1,64})(?:\/t\/([a-z2-7]{26}))?$/;

export function parseRoute(hash: string): Route {
  const match = SHAPE.exec(hash);
  return { room: match?.[1], topic: match?.[2] };
}

export function formatRoute({ room, topic }: Route): string {
  if (room === undefined) return "#/";
  return topic === undefined ? `#/r/${room}` : `#/r/${room}/t/${topic}`;
}
