// SPDX-License-Identifier: Apache-2.0
/*
 * visit/line.ts - the WebSocket of a session and the one pump that serves it (proto/session.ts). It comes back by itself
 * as long as the session wants a connection; it decides nothing.
 */
import type { CustomerSession, SessionEvent } from '../proto/session.js';
import { Pulse } from './pulse.js';
import { patienceMs, pauseMs } from './tries.js';

const SUBPROTOCOL = 'handhold.1';
/* So much is given to the browser and not more: what is newer or more urgent can still overtake what is not. */
const SOCKET_BOUND_MS = 120, SOCKET_LEAST_BYTES = 4096, SOCKET_MOST_BYTES = 65536;
const LOOK_AGAIN_MS = 15; /* while the browser holds as much as it may: it tells nobody when it has less */

export interface Line {
  /** Run after each call into the session. */
  pump(): void;
  /** The network changed or the page came back: tries at once. */
  retry(): void;
  /** The line is taken to bear so much. */
  bound(bitsPerSecond: number): void;
  /** There is a connection to the relay, whoever else is there. */
  up(): boolean;
  close(): void;
}

/** `failed`: a connection could not be made; it is tried again. */
export function openLine(session: CustomerSession, host: string, show: (event: SessionEvent) => void, failed: () => void): Line {
  let socket: WebSocket | undefined;
  let boundBytes = SOCKET_MOST_BYTES;
  let open = false, closed = false, pumping = false, attempts = 0;
  let pulse: Pulse | undefined; /* of a connection that stands */
  let wake: ReturnType<typeof setTimeout> | undefined, again: ReturnType<typeof setTimeout> | undefined;

  function setWake(ms: number): void {
    clearTimeout(wake);
    if (Number.isFinite(ms)) wake = setTimeout(() => { session.tick(); listen(); pump(); }, Math.max(0, ms));
  }

  function listen(): void {
    const verdict = pulse?.look(performance.now());
    if (verdict === 'ask' && !session.askRelay()) pulse!.heard(performance.now());
    if (verdict === 'dead') retry();
  }

  function send(): boolean {
    for (let message; socket && open && (message = session.pending()); session.sent()) {
      if (socket.bufferedAmount >= boundBytes) return false;
      socket.send(message);
    }
    return true;
  }

  function pump(): void {
    if (pumping || closed) return; // a screen that answers an event from inside it is served by the loop that runs
    pumping = true;
    for (let event; (event = session.nextEvent()); ) show(event);
    const all = send();
    pumping = false;
    const now = performance.now(), more = Math.min(session.deadline(), pulse?.nextMs(now) ?? Infinity) - now;
    setWake(all ? more : Math.min(more, LOOK_AGAIN_MS));
    if (session.over()) close();
    else if (!socket && !again && session.wantsConnection()) connectSoon();
  }

  function connectSoon(): void {
    again = setTimeout(connect, pauseMs(attempts, Math.random()));
  }

  function connect(): void {
    again = undefined;
    if (closed || socket || !session.wantsConnection()) return;
    const patience = patienceMs(attempts++);
    const mine = new WebSocket(`wss://${host}/s`, SUBPROTOCOL);
    const late = setTimeout(() => mine.close(), patience);
    socket = mine;
    mine.binaryType = 'arraybuffer';
    mine.onopen = () => {
      clearTimeout(late);
      open = true;
      pulse = new Pulse(performance.now());
      session.connected();
      pump();
    };
    mine.onmessage = (event) => {
      if (!(event.data instanceof ArrayBuffer) || socket !== mine) return;
      attempts = 0;
      pulse?.heard(performance.now());
      session.feed(new Uint8Array(event.data));
      pump();
    };
    mine.onclose = () => {
      clearTimeout(late);
      if (socket === mine) lost();
    };
  }

  function lost(): void {
    socket = pulse = undefined;
    if (open) session.disconnected();
    else failed();
    open = false;
    pump();
  }

  /* A socket on a network that has gone says nothing for minutes; the new network is there now. */
  function retry(): void {
    attempts = 0;
    clearTimeout(again);
    again = undefined;
    const old = socket;
    if (old) {
      old.onclose = old.onmessage = null;
      old.close();
      lost();
    } else {
      connect();
    }
  }

  function close(): void {
    closed = true;
    clearTimeout(wake);
    clearTimeout(again);
    socket?.close(1000);
    socket = pulse = undefined;
  }

  pump();
  function bound(bitsPerSecond: number): void {
    boundBytes = Math.min(SOCKET_MOST_BYTES, Math.max(SOCKET_LEAST_BYTES, Math.round((bitsPerSecond / 8000) * SOCKET_BOUND_MS)));
  }

  return { pump, retry, bound, up: () => open, close };
}
