// A socket that can be cut between a page and the server, both ways and at a chosen moment.

export class Cuttable {
  #open = true;
  #cutAfter;
  #sent = [];
  #live = new Set();

  static async on(page) {
    const line = new Cuttable();
    await page.routeWebSocket(/\/v1\/socket$/, (near) => {
      if (!line.#open) return void near.close({ code: 4100, reason: "cut by the test" });
      const far = near.connectToServer();
      line.#live.add(near);
      let deaf = false;
      near.onMessage((text) => {
        const { op } = JSON.parse(text);
        line.#sent.push(op);
        far.send(text);
        if (op === line.#cutAfter) {
          line.#cutAfter = undefined;
          deaf = true;
          line.cut();
        }
      });
      far.onMessage((text) => {
        if (!deaf && line.#live.has(near)) near.send(text);
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
