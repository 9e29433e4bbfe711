// A socket that can be cut between a page and the server, both ways and at a chosen moment; on which answers
// and entries can be held up, and commands be answered in the server's name.

export class Cuttable {
  #open = true;
  #cutAfter;
  #sent = [];
  #live = new Set();
  #ops = new Map();
  #refusals = new Map();
  #held = [];
  #holds = () => false;

  static async on(page) {
    const line = new Cuttable();
    await page.routeWebSocket(/\/v1\/socket$/, (near) => {
      if (!line.#open) return void near.close({ code: 4100, reason: "cut by the test" });
      const far = near.connectToServer();
      line.#live.add(near);
      let deaf = false;
      near.onMessage((text) => {
        const { id, op } = JSON.parse(text);
        line.#sent.push(op);
        line.#ops.set(id, op);
        const error = line.#refusals.get(op);
        if (error) return near.send(JSON.stringify({ id, error }));
        far.send(text);
        if (op === line.#cutAfter) {
          line.#cutAfter = undefined;
          deaf = true;
          line.cut();
        }
      });
      far.onMessage((text) => {
        const pass = () => !deaf && line.#live.has(near) && near.send(text);
        const { id, seq } = JSON.parse(text);
        // What comes behind something that is held up waits, too: a socket keeps its order.
        if (line.#held.length > 0 || line.#holds({ op: line.#ops.get(id), seq })) line.#held.push(pass);
        else pass();
      });
    });
    return line;
  }

  /** Ends the connection towards the page, and refuses new ones. */
  cut() {
    this.#open = false;
    for (const near of this.#live) near.close({ code: 4100, reason: "cut by the test" });
    this.#live.clear();
  }

  /** Passes the next such command on to the server, and cuts before its answer. */
  cutAfterNext(op) {
    this.#cutAfter = op;
  }

  /** Ends the connection towards the page in the server's name; new ones are let through. */
  close(code) {
    for (const near of this.#live) near.close({ code, reason: "closed by the test" });
    this.#live.clear();
  }

  /** Holds everything up from the first frame on that answers such an op, or has such a seq. */
  holdFrom({ answerTo, after }) {
    this.#holds = ({ op, seq }) => (answerTo !== undefined && op === answerTo) || seq > after;
  }

  release() {
    this.#holds = () => false;
    for (const pass of this.#held.splice(0)) pass();
  }

  /** Answers such commands with an error; the server never sees them. Without an error they pass again. */
  refuse(op, error) {
    if (error) this.#refusals.set(op, error);
    else this.#refusals.delete(op);
  }

  mend() {
    this.#open = true;
  }

  /** Says something to the page in the server's name. */
  inject(frame) {
    for (const near of this.#live) near.send(JSON.stringify(frame));
  }

  /** How often the page sent this command. */
  sent(op) {
    return this.#sent.filter((found) => found === op).length;
  }
}
