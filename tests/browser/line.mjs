// SPDX-License-Identifier: Apache-2.0
/* A way to a port of the relay that can be held, cut and taken away: one TCP proxy, which reads nothing of what it carries. */
import { connect, createServer } from 'node:net';

export class Line {
  #pairs = new Set();
  #server;
  #held = { there: false, back: false };
  #pieces = Infinity; /* until it is cut by itself */
  away = false;

  static async open(port) {
    const line = new Line();
    line.#server = createServer((near) => line.#take(near, port));
    await new Promise((resolve) => line.#server.listen(0, '127.0.0.1', resolve));
    line.port = line.#server.address().port;
    return line;
  }

  #take(near, port) {
    if (this.away) return near.destroy();
    const far = connect(port, '127.0.0.1'), pair = [near, far];
    this.#pairs.add(pair);
    for (const [from, to, way] of [[near, far, 'there'], [far, near, 'back']]) {
      if (this.#held[way]) from.pause();
      from.on('data', (piece) => {
        to.write(piece);
        if (--this.#pieces === 0) setImmediate(() => this.cut()); // behind it, not instead of it
      });
      from.on('end', () => to.end()).on('error', () => to.destroy()).on('close', () => { this.#pairs.delete(pair); to.destroy(); });
    }
  }

  #hold(there, back) {
    this.#held = { there, back };
    for (const [near, far] of this.#pairs) {
      if (there) near.pause(); else near.resume();
      if (back) far.pause(); else far.resume();
    }
  }

  /** Nothing passes, and nobody is told. */
  hold() { this.#hold(true, true); }
  /** What the relay says does not pass. */
  holdBack() { this.#hold(false, true); }

  /** What was held is lost; whoever comes anew is carried. */
  cut() {
    for (const pair of this.#pairs) for (const end of pair) end.destroy();
    this.#held = { there: false, back: false };
    this.#pieces = Infinity;
  }
  /** It is cut when so many pieces more have passed, in whichever direction. */
  cutBehind(pieces) { this.#pieces = pieces; }

  close() {
    this.away = true;
    this.cut();
    this.#server.close();
  }
}
