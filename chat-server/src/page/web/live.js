// What happens, as it happens: by the socket, and by asking where no socket comes through.

import { Emitter } from './emitter.js';
import { Poll } from './poll.js';
import { Stream } from './stream.js';

/** After so many sockets that were refused the page asks instead, and goes on trying. */
const REFUSED = 2;
const NEWS = ['changes', 'reset', 'removed', 'new', 'joined', 'mark', 'typing', 'presence', 'heads'];

export class Live extends Emitter {
  /** `connecting`, `catching up`, `live` or `offline`. */
  state = 'connecting';
  #stream;
  #poll;

  constructor(api, cursors) {
    super();
    this.#stream = new Stream(api.stream, api.session, cursors);
    this.#poll = new Poll(api, cursors);
    for (const source of [this.#stream, this.#poll]) {
      for (const name of NEWS) source.on(name, (news) => this.emit(name, news));
    }
    this.#poll.on('state', (state) => this.#set(state));
    this.#stream.on('state', (state, failures = 0) => this.#hear(state, failures));
    // Whether the session is over too, the next request tells.
    this.#stream.on('ended', () => this.#poll.start());
  }

  start() {
    this.#stream.start();
  }

  stop() {
    this.#stream.stop();
    this.#poll.stop();
  }

  send(frame) {
    this.#stream.send(frame);
  }

  /** Asks again for what came after this cursor of a chat. */
  fill(chat, cursor) {
    if (this.#stream.isReady) this.#stream.sync([[chat, cursor]]);
  }

  #hear(state, failures) {
    if (state === 'live' || state === 'catching up') this.#poll.stop();
    if (failures >= REFUSED && navigator.onLine) this.#poll.start();
    // While the page asks, a socket that is tried again changes nothing.
    if (!this.#poll.isRunning) this.#set(state);
  }

  #set(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit('state', state);
  }
}
