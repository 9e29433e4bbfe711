// Every word this client shows, in English. A second language is a second file of this type. Whole
// sentences only: no fragments are joined, so another language may order its words differently.

import { bytes, count, seconds } from "./format.ts";

const plural = (n: number, one: string, many: string) =>
  new Intl.PluralRules("en").select(n) === "one" ? one : many;

export const en = {
  name: "Wardroom",
  tagline: "Live rooms and a lasting record for clinical discussion",
  skipToMessages: "Skip to messages",
  skipToComposer: "Skip to the message box",

  signIn: {
    title: "Sign in",
    label: "Access token",
    hint: "Whoever runs this server makes one for you:",
    command: "wardroom token --sub ana \\\n  --name \"Dr Ana Osei\" --profession physician",
    show: "Show",
    hide: "Hide",
    showLabel: "Show the token",
    submit: "Sign in",
    checking: "Checking…",
    empty: "Paste your token first.",
    shape: "This does not look like a token. It is one long line with two dots in it.",
    wrong: "The server does not accept this token. Check that you copied all of it and that it is for this server.",
    refused: (message: string) => `The server did not let you in: ${message}`,
    expired: "Your token's time is over. Paste a new one; whatever waits to be sent is kept.",
    protocol: "This page and the server do not understand each other. Reload the page; if it stays so, tell whoever runs the server.",
    unreachable: (s: number) => `The server does not answer. Trying again in ${seconds(s)}.`,
    unreachableNow: "The server does not answer. Trying again now…",
    cancel: "Cancel",
    consentTitle: "Before you write",
    consent: "No patient identifiers: no names, birth dates, record numbers or faces.",
    consentServer: "What you write is sealed where it is kept, but not encrypted end to end: the server can read it, and moderators can remove it.",
    stay: "The token stays in this tab and is forgotten when you close it.",
    waiting: (n: number) => plural(n, `1 message of yours is waiting to be sent.`, `${count(n)} messages of yours are waiting to be sent.`),
  },

  pill: {
    label: "Connection",
    live: "Live",
    connecting: "Connecting…",
    reconnecting: (nth: number, s: number) => `Reconnecting, ${ordinal(nth)} try, in ${seconds(s)}`,
    reconnectingNow: (nth: number) => `Reconnecting, ${ordinal(nth)} try`,
    now: "Now",
    nowLabel: "Reconnect now",
    offline: "Offline",
    offlineWaiting: (n: number) => `Offline, ${count(n)} waiting`,
    signedOut: "Signed out",
  },

  rooms: {
    title: "Rooms",
    filter: "Find a room",
    loading: "Loading rooms…",
    failed: "The rooms could not be loaded.",
    retry: "Try again",
    empty: "There are no rooms yet. A moderator founds the first one, or an import brings them.",
    none: "No room has that name.",
    messages: (n: number) => plural(n, "1 message", `${count(n)} messages`),
    unread: (n: number) => plural(n, "1 new", `${count(n)} new`),
    choose: "Choose a room to read and write in it.",
    chooseTitle: "Welcome",
    classes: { discussion: "Discussion", case: "Case conference", direct: "Direct", mixed: "With patients" },
    untitled: "Untitled room",
  },

  people: {
    here: (n: number) => plural(n, "1 person here", `${count(n)} people here`),
    open: (n: number) => plural(n, "1 person here. Show who", `${count(n)} people here. Show who`),
    list: "Who is here",
    close: "Close the list of people",
    unnamed: "Names are shown in rooms of up to 200 people.",
  },

  topics: {
    title: "Topics",
    all: "All topics",
    filter: "Find a topic",
    loading: "Loading topics…",
    empty: "No topics yet. The first message starts one.",
    none: "No topic has that name.",
    more: (n: number) => `Show ${count(n)} more`,
    erasedName: "Topic without a name",
    show: (name: string) => `Show only the topic ${name}`,
    open: "Topics",
    close: "Close topics",
    failed: "Not all topics could be loaded.",
  },

  log: {
    label: (room: string) => `Messages in ${room}`,
    joining: "Opening the room…",
    failed: "The room could not be opened.",
    retry: "Try again",
    empty: "No messages yet. Write the first one below.",
    emptyTopic: "Nothing in this topic here. Write the first message below.",
    loadingOlder: "Loading earlier messages…",
    olderFailed: "Earlier messages could not be loaded.",
    start: (room: string) => `This is where ${room} begins.`,
    startTopic: "This is where the topic begins.",
    gap: (from: number, to: number) => from === to ? `Entry ${count(from)} is lost` : `Entries ${count(from)}–${count(to)} are lost`,
    gapWhy: "They could not be recovered on the server. Everything else is in order.",
    erased: "Words removed by a moderator",
    retracted: "Taken back by its author",
    hidden: "Hidden by a moderator",
    edited: "edited",
    erasedReason: (reason: string) => `Reason: ${reason}`,
    catchingUp: (done: number, all: number) => `Catching up, ${count(done)} of ${count(all)}`,
    newer: (n: number) => plural(n, "1 new message", `${count(n)} new messages`),
    latest: "Latest",
    replyTo: (name: string) => `In reply to ${name}`,
    replyToUnknown: "In reply to an earlier message",
    replyGo: "Go to the message this replies to",
    notFound: "That message is further back than this page can reach.",
    showAll: (size: number) => `Show all (${bytes(size)})`,
    showLess: "Show less",
    unknownAuthor: "Unknown author",
    imported: "Imported",
    you: "You",
    typingOne: (name: string) => `${name} is writing…`,
    typingIn: (name: string, topic: string) => `${name} is writing in ${topic}…`,
    typingTwo: (one: string, other: string) => `${one} and ${other} are writing…`,
    typingMany: (n: number) => `${count(n)} people are writing…`,
    somebody: "Somebody",
    rowLabel: (name: string, kind: string, time: string) => `${name}, ${kind}, ${time}`,
  },

  kinds: { message: "Message", question: "Question", answer: "Answer", announcement: "Announcement" },

  actions: {
    label: "Message actions",
    reply: "Reply",
    report: "Report…",
    redact: "Remove words…",
    redactTitle: "Remove these words for everybody, for good?",
    redactReason: "Why? Everybody in the room will see this reason.",
    redactDo: "Remove words",
    reportTitle: "Point the moderators to this message",
    reportReason: "What is wrong with it? Only moderators will see this.",
    reportDo: "Send report",
    cancel: "Cancel",
    reported: "Reported. The moderators can see it now.",
    working: "Sending…",
    offline: "Not done: you are offline.",
    failed: (why: string) => `Not done: ${why}`,
  },

  composer: {
    label: "Write a message",
    topic: "Topic",
    topicPlaceholder: "Name a topic",
    kind: "Kind",
    body: "Message",
    placeholder: (room: string) => `Write to ${room}`,
    send: "Send",
    hint: "Enter sends, Shift+Enter starts a new line",
    noIdentifiers: "No patient identifiers",
    needTopic: "Name a topic first. It keeps this room readable.",
    needBody: "There is nothing to send yet.",
    tooLong: (size: number, limit: number) => `Too long by ${bytes(size - limit)}. Nothing is lost; shorten it or send it in two parts.`,
    nearLimit: (size: number, limit: number) => `${bytes(size)} of ${bytes(limit)}`,
    full: "Too many messages are waiting to be sent. Your text stays here.",
    replying: (name: string) => `Replying to ${name}`,
    stopReply: "Do not reply",
  },

  send: {
    queued: "Queued",
    behind: (n: number) => plural(n, "Waiting behind 1 message", `Waiting behind ${count(n)} messages`),
    sending: "Sending…",
    sent: "Sent",
    failed: (why: string) => `Not sent: ${why}`,
    retry: "Retry",
    discard: "Discard",
  },

  me: {
    signOut: "Sign out",
    signOutWaiting: (n: number) => plural(n, "1 message is still waiting. Sign out and leave it in this browser?", `${count(n)} messages are still waiting. Sign out and leave them in this browser?`),
    signOutAnyway: "Sign out anyway",
    stay: "Stay",
    moderator: "Moderator",
    licences: "Licences",
    level: (level: number) => (level > 0 ? `Verified, level ${level}` : "Name not verified"),
  },

  nav: { rooms: "Rooms", topics: "Topics", log: "Messages", back: "Back to rooms", label: "Views" },

  announce: {
    message: (name: string, body: string) => `${name}: ${body}`,
    many: (n: number, room: string) => `${count(n)} new messages in ${room}`,
    state: (text: string) => `Connection: ${text}`,
  },

  errors: {
    unknown_room: "There is no such room, or it is not open to you.",
    forbidden: "Your roles do not allow this.",
    rate_limited: "You are sending faster than this server allows.",
    too_large: "It is larger than this server takes.",
    bad_text: "It holds characters that a message may not hold.",
    unknown_message: "The message is not in this room any more.",
    other: (message: string) => message,
  },
};

function ordinal(n: number): string {
  const suffix = { one: "st", two: "nd", few: "rd", other: "th", zero: "th", many: "th" };
  return `${n}${suffix[new Intl.PluralRules("en", { type: "ordinal" }).select(n)]}`;
}

export type Texts = typeof en;
