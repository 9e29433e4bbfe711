// A stand-in for working on the page while there is no server at hand. It keeps everything in memory,
// checks nothing and proves nothing: the browser test counts only against the real binary.
//
//   node fake/server.mjs --dist ../../clients/web/dist [--port 7421]
//
// Any token of three parts signs in; `mod.x.x` is a moderator, `bad.x.x` is refused, `old.x.x` expires.

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { createHash, randomUUID } from "node:crypto";
import { WebSocketServer } from "ws";

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const dist = option("--dist");
const port = Number(option("--port", "7421"));
const EPOCH = 1763787600;
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'";
const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" };

const topicIds = new Map();
function topicId(room, name) {
  const key = `${room}/${name.trim().toLowerCase()}`;
  if (!topicIds.has(key)) {
    const letters = [...createHash("sha256").update(key).digest().subarray(0, 26)];
    topicIds.set(key, letters.map((byte) => "abcdefghijklmnopqrstuvwxyz234567"[byte % 32]).join(""));
  }
  return topicIds.get(key);
}

class Room {
  constructor(name, title, cls = "discussion") {
    Object.assign(this, { name, title, cls, log: [], n: 0, rev: 0, mids: new Map(), readers: new Set(), topics: new Map() });
    this.write({ id: "founder" }, "room.created", randomUUID(), { class: cls }, { card: { name: "Founder" }, title });
  }
  get head() {
    return { epoch: EPOCH, seq: this.log.length };
  }
  write(by, op, mid, d, w, at = Date.now()) {
    const counts = op === "message.posted";
    if (counts) this.n += 1;
    const entry = { room: this.name, epoch: EPOCH, seq: this.log.length + 1, ...(counts ? { n: this.n } : {}), at, by, op, mid, d, w };
    this.log.push(entry);
    this.mids.set(mid, entry);
    if (counts) {
      const topic = this.topics.get(d.topic) ?? { topic: d.topic, name: w.topic, messages: 0, first: entry.seq };
      this.topics.set(d.topic, { ...topic, messages: topic.messages + 1, last: entry.seq });
    }
    for (const send of this.readers) send(entry);
    return entry;
  }
  /** Tells who is here now and was not before, or the other way round. */
  tellPresence(joined, left) {
    this.rev += 1;
    const d = { rev: this.rev, online: this.people().length, ...(joined ? { joined: [joined] } : {}), ...(left ? { left: [left] } : {}) };
    for (const send of this.readers) send({ room: this.name, op: "presence", d });
  }
  people() {
    const here = new Map([...this.readers].map(({ me }) => [me.id, { id: me.id, card: me.card }]));
    return [...here.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  joined(after) {
    return {
      position: this.head, after: { epoch: after ? EPOCH : 0, seq: after }, first: { epoch: EPOCH, seq: 1 }, n: this.n, recovered: true, online: this.people().length + 1,
      state: { class: this.cls, title: this.title, specialty: this.name, topics: this.topics.size, members: 3, epochs: [{ epoch: EPOCH, base: 0 }] },
    };
  }
}

const people = [
  { name: "Dr Ana Osei", profession: "physician", level: 2 },
  { name: "Mei Lin", profession: "nurse", level: 1 },
  { name: "Tomás Ferreira", profession: "pharmacist", level: 1 },
  { name: "דנה לוי", profession: "physician", level: 2 },
];
const talk = [
  ["question", "ST elevation without chest pain", "Synthetic case for teaching: elevation in V2–V4, troponin flat at three hours. What would you want to know before calling the catheter lab?"],
  ["answer", "ST elevation without chest pain", "The old tracings first. Early repolarisation and an aneurysm after an old infarct both look like this.\n\n1. Compare with any earlier ECG\n2. Repeat in 15 minutes\n3. Bedside echo if it is there"],
  ["message", "Handover rhythm", "We moved the evening handover to 18:45. It works well so far."],
  ["message", "Handover rhythm", "Same here. Ten minutes standing, nothing on paper that is not on the board."],
  ["announcement", "House rules", "No patient identifiers in this room. Use the case room for anything that could point to a person."],
  ["question", "Anticoagulation before a small procedure", "Do you still pause direct oral anticoagulants before skin excisions?"],
  ["answer", "Anticoagulation before a small procedure", "No. Bleeding is minor and pressure does it. ".repeat(40)],
  ["message", "שאלות כלליות", "יש לנו פרוטוקול חדש, אשמח לשמוע מה אתם חושבים."],
];
const rooms = new Map();
for (const [name, title, cls] of [
  ["cardiology", "Cardiology"], ["emergency", "Emergency medicine"], ["nephrology", "Nephrology"], ["oncology", "Oncology"],
  ["tumour-board", "Tumour board", "case"], ["empty-room", "A quiet room"], ["infectious-diseases", "Infectious diseases and antimicrobial stewardship"],
  ["neurology", "Neurology"], ["general-medicine", "General medicine"],
]) {
  const room = new Room(name, title, cls);
  rooms.set(name, room);
  if (name === "empty-room") continue;
  let asked;
  const total = name === "cardiology" ? 700 : 40;
  for (let at = 0; at < total; at++) {
    const [kind, topic, body] = talk[at % talk.length];
    const who = people[(at * 7 + (at >> 2)) % people.length];
    const name = at < total - 60 ? `${topic} ${Math.floor(at / 16)}` : topic;
    const mid = randomUUID();
    const d = { topic: topicId(room.name, name), kind, ...(kind === "answer" && asked ? { reply_to: asked } : {}) };
    room.write({ id: `p${people.indexOf(who)}` }, "message.posted", mid, d, { card: who, topic: name, body }, Date.now() - (total - at) * 400_000);
    if (kind === "question") asked = mid;
  }
}

const server = createServer((request, response) => {
  const path = new URL(request.url, "http://x").pathname;
  if (path === "/drop") {
    for (const socket of sockets.clients) socket.terminate();
    return response.end("dropped\n");
  }
  try {
    const file = normalize(path === "/" ? "index.html" : path.slice(1));
    if (file.startsWith("..")) throw new Error("outside");
    const bytes = readFileSync(join(dist, file));
    response.writeHead(200, {
      "content-type": TYPES[file.split(".").pop()] ?? "application/octet-stream",
      "content-security-policy": CSP, "cache-control": "no-cache", "x-content-type-options": "nosniff",
    });
    response.end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});

const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "wardroom.v1" });
server.on("upgrade", (request, socket, head) => {
  if (new URL(request.url, "http://x").pathname !== "/v1/socket") return socket.destroy();
  sockets.handleUpgrade(request, socket, head, serve);
});

const refuse = (code, number, message, more = {}) => Object.assign(new Error(message), { wire: { code, number, message, ...more } });

function serve(socket) {
  const following = new Map();
  let me;
  const send = (value) => socket.readyState === 1 && socket.send(JSON.stringify(value));
  const follow = (room, after) => {
    unfollow(room.name);
    following.set(room.name, send);
    setTimeout(() => {
      for (const entry of room.log.slice(after)) send(entry);
      const known = room.people().some(({ id }) => id === me.id);
      room.readers.add(send);
      if (!known) room.tellPresence({ id: me.id, card: me.card });
    }, 5);
    return room.joined(after);
  };
  const unfollow = (name) => {
    const room = rooms.get(name);
    following.delete(name);
    if (room?.readers.delete(send) && !room.people().some(({ id }) => id === me.id)) room.tellPresence(undefined, me.id);
  };
  const find = (name) => rooms.get(name) ?? (() => { throw refuse("unknown_room", 202, "There is no such room."); })();
  const ops = {
    hello({ token, resume = {} }) {
      if (token.startsWith("bad")) throw refuse("token_invalid", 300, "The token is not one this server accepts.");
      const moderator = token.startsWith("mod");
      me = { id: moderator ? "mod" : "me", card: { name: moderator ? "Dr Femi Adeyemi" : "Dr Noor Haddad", profession: "physician", level: 2 }, roles: moderator ? ["moderator"] : [] };
      send.me = me;
      if (token.startsWith("old")) setTimeout(() => socket.close(4202, "token_expired"), 4000);
      const joined = {};
      for (const [name, position] of Object.entries(resume)) joined[name] = { ok: follow(find(name), position.seq) };
      return { connection: randomUUID(), principal: me, node: "fake", now: Date.now(), ping_ms: 25_000, expires_at: Date.now() + 3.6e6, limits: { frame_bytes: 65536, json_depth: 16, logs: 128, history_page: 200 }, rooms: joined };
    },
    rooms: ({ limit = 200, after = "" }) => {
      const all = [...rooms.values()].filter((room) => room.name > after).sort((a, b) => (a.name < b.name ? -1 : 1));
      const page = all.slice(0, limit).map((room) => ({ room: room.name, class: room.cls, title: room.title, specialty: room.name, position: room.head, n: room.n, online: room.people().length }));
      return { rooms: page, ...(all.length > limit ? { next: page.at(-1).room } : {}) };
    },
    topics: ({ room, after, limit = 200 }) => {
      const all = [...find(room).topics.values()];
      const from = after ? all.findIndex(({ topic }) => topic === after) + 1 : 0;
      const page = all.slice(from, from + limit);
      return { position: find(room).head, topics: page, ...(from + limit < all.length ? { next: page.at(-1).topic } : {}) };
    },
    join: ({ room, from = "now" }) => {
      const { log } = find(room);
      if (from === "now") return follow(find(room), log.length);
      if (from === "start") return follow(find(room), 0);
      if (from.last === undefined) return follow(find(room), from.seq);
      const counted = log.filter((entry) => entry.n !== undefined);
      return follow(find(room), Math.max(0, (counted.at(-from.last)?.seq ?? 1) - 1));
    },
    presence: ({ room }) => ({ rev: find(room).rev, online: find(room).people().length, people: find(room).people() }),
    leave: ({ room }) => (unfollow(room), {}),
    history: ({ room, before, after, limit = 200, topic }) => {
      const { log, head } = find(room);
      const fits = (entry) => topic === undefined || entry.d.topic === topic;
      const side = log.filter((entry) => fits(entry) && (!before || entry.seq < before.seq) && (!after || entry.seq > after.seq));
      const entries = after ? side.slice(0, limit) : side.slice(-limit);
      const more = side.length > entries.length;
      const range = { from: more && !after ? entries[0].seq : (after?.seq ?? 0) + 1, to: before ? before.seq - 1 : after ? (entries.at(-1)?.seq ?? head.seq) : head.seq };
      return { entries, ...(range.to >= range.from ? { range } : {}), position: head, first: { epoch: EPOCH, seq: 1 }, more };
    },
    "message.post": ({ room, topic, mid, kind = "message", body, reply_to, tags }) => {
      const target = find(room);
      const known = target.mids.get(mid);
      if (known) return { position: { epoch: EPOCH, seq: known.seq }, at: known.at, duplicate: true };
      if (body === "please refuse") throw refuse("rate_limited", 204, "Refused on request.");
      const entry = target.write({ id: me.id }, "message.posted", mid, { topic: topicId(room, topic), kind, ...(reply_to ? { reply_to } : {}) }, { card: me.card, topic, body, ...(tags ? { tags } : {}) });
      return { position: { epoch: EPOCH, seq: entry.seq }, at: entry.at };
    },
    "message.redact": ({ room, mid, of, reason }) => {
      const target = find(room);
      const entry = target.mids.get(of);
      if (!entry) throw refuse("unknown_message", 208, "There is no message with that mid in this room.");
      delete entry.w;
      entry.erased = true;
      const done = target.write({ id: me.id }, "message.redacted", mid, { of, seq: entry.seq, topic: entry.d.topic }, { card: me.card, reason });
      return { position: { epoch: EPOCH, seq: done.seq }, at: done.at };
    },
    "message.report": ({ room }) => ({ position: find(room).head, at: Date.now() }),
    typing: ({ room, topic }) => {
      for (const reader of find(room).readers) if (reader !== send) reader({ room, op: "typing", by: { id: me.id }, d: { card: me.card, ...(topic ? { topic } : {}) } });
    },
    pong: () => undefined,
  };
  socket.on("message", (text) => {
    const { id, op, d = {} } = JSON.parse(text);
    try {
      const ok = ops[op](d);
      if (id !== undefined) send({ id, ok });
    } catch (error) {
      send({ id, error: error.wire ?? { code: "internal", number: 100, message: String(error) } });
      if (error.wire?.number === 300) socket.close(4201, "token_invalid");
    }
  });
  const ping = setInterval(() => send({ op: "ping", d: { now: Date.now() } }), 25_000);
  socket.on("close", () => {
    clearInterval(ping);
    for (const name of [...following.keys()]) unfollow(name);
  });
}

server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
