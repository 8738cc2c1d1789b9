// Who writes in which chat, as far as was heard a moment ago.

import { Emitter } from './emitter.js';

const LASTS = 6_000;
const EVERY = 3_000;

export class Typing extends Emitter {
  #heard = new Map();
  #told = { chat: null, at: 0 };

  hear(chat, user) {
    if (!this.#heard.has(chat)) this.#heard.set(chat, new Map());
    this.#heard.get(chat).set(user, Date.now());
    this.emit('changed', chat);
    setTimeout(() => this.emit('changed', chat), LASTS + 50);
  }

  /** He is done: what he wrote is there. */
  over(chat, user) {
    if (this.#heard.get(chat)?.delete(user)) this.emit('changed', chat);
  }

  in(chat) {
    const since = Date.now() - LASTS;
    return [...(this.#heard.get(chat) ?? [])].filter(([, at]) => at > since).map(([user]) => user);
  }

  /** Whether it is time to tell the others that I write: not at every key. */
  isDue(chat) {
    const now = Date.now();
    if (this.#told.chat === chat && now - this.#told.at < EVERY) return false;
    this.#told = { chat, at: now };
    return true;
  }

  /** What I wrote is sent: the next key is told at once. */
  sent() {
    this.#told.at = 0;
  }
}
