// The same news without a socket, for networks that let none through: asked for every few seconds.

import { Emitter } from './emitter.js';

const INTERVAL = 2_000;
const LONGEST = 30_000;
const MOST = 500;

export class Poll extends Emitter {
  #api;
  #cursors;
  #running = null;

  constructor(api, cursors) {
    super();
    this.#api = api;
    this.#cursors = cursors;
  }

  get isRunning() {
    return this.#running !== null;
  }

  start() {
    if (this.#running) return;
    const running = new AbortController();
    this.#running = running;
    this.#run(running.signal);
  }

  stop() {
    this.#running?.abort();
    this.#running = null;
  }

  async #run(signal) {
    let delay = INTERVAL;
    while (!signal.aborted) {
      try {
        await this.#round(signal);
        if (!signal.aborted) this.emit('state', 'live');
        delay = INTERVAL;
      } catch (error) {
        if (signal.aborted) return;
        this.emit('state', 'offline');
        delay = Math.min(Math.max(delay * 2, (error.retryAfter ?? 0) * 1000), LONGEST);
      }
      await pause(delay, signal);
    }
  }

  async #round(signal) {
    const cursors = [...this.#cursors()];
    const named = new Set(cursors.map(([number]) => number));
    for (let at = 0; at === 0 || at < cursors.length; at += MOST) {
      const part = cursors.slice(at, at + MOST);
      const { chats, new: fresh, more } = await this.#api.sync(Object.fromEntries(part), signal);
      for (const [number, after] of part) {
        await this.#tell(number, after, chats[number], signal);
      }
      // What this part does not name another one may.
      const unknown = fresh.filter((chat) => !named.has(chat.number));
      if (unknown.length > 0) this.emit('new', unknown);
      // So many are not named here that not all are told; the list has the latest of them.
      if (more) this.emit('joined');
    }
  }

  async #tell(chat, after, synced, signal) {
    if (synced?.state === 'removed') this.emit('removed', { chat });
    if (synced?.state === 'reset') this.emit('reset', { chat });
    if (synced?.state !== 'changes') return;
    let [from, page] = [after, synced];
    for (;;) {
      if (signal.aborted) return;
      this.emit('changes', { chat, from, to: page.next, items: page.items });
      if (!page.more) return;
      from = page.next;
      page = await this.#api.changes(chat, from, signal);
    }
  }
}

/** Waits, or until there is a network again, or nobody asks any more. */
function pause(time, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, time);
    addEventListener('online', done);
    signal.addEventListener('abort', done);
  });
}
