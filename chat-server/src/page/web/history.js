// The messages of one chat that are at hand: one stretch without a hole, which grows at both ends and never beyond a limit.

import { Emitter } from './emitter.js';

const PAGE = 60;
/** So many messages are kept in memory; what is farther is asked for again. */
const MOST = 1500;
/** Above any number that a message has. */
const END = Number.MAX_SAFE_INTEGER;

export class History extends Emitter {
  items = [];
  /** Whether there is nothing before the first and nothing behind the last. */
  atStart = false;
  atEnd = false;
  /** Whether no page came yet. */
  isBlank = true;
  #api;
  #chat;
  #loading = null;
  #held = new Map();

  constructor(api, chat) {
    super();
    this.#api = api;
    this.#chat = chat;
  }

  get first() {
    return this.items[0]?.number ?? 0;
  }

  get last() {
    return this.items.at(-1)?.number ?? 0;
  }

  get isLoading() {
    return this.#loading !== null;
  }

  /** Where a message stands, or where it would. */
  find(number) {
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.items[middle].number < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(number) {
    return this.items[this.find(number)]?.number === number;
  }

  /** Starts anew with the latest page. */
  async latest() {
    await this.#idle();
    return this.#load({ before: END }, ({ messages, older }) => {
      this.items = messages;
      [this.atStart, this.atEnd, this.isBlank] = [!older, true, false];
      return 0;
    });
  }

  /** Starts anew around a message. */
  async around(number) {
    await this.#idle();
    return this.#load({ around: number }, ({ messages, older, newer }) => {
      this.items = messages;
      [this.atStart, this.atEnd, this.isBlank] = [!older, !newer, false];
      return 0;
    });
  }

  /** The page before; gives how many places everything moved down. Where nothing is left, as all of it was deleted, it starts anew. */
  older() {
    if (this.atStart) return Promise.resolve(0);
    if (this.items.length === 0) return this.latest();
    return this.#load({ before: this.first }, ({ messages, older }) => {
      this.items = [...messages, ...this.items];
      this.atStart = !older;
      if (this.items.length > MOST) {
        this.items.length = MOST;
        this.atEnd = false;
      }
      return messages.length;
    });
  }

  /** The page behind; gives how many places everything moved up. */
  newer() {
    if (this.atEnd) return Promise.resolve(0);
    if (this.items.length === 0) return this.latest();
    return this.#load({ after: this.last }, ({ messages, newer }) => {
      this.items.push(...messages);
      this.atEnd = !newer;
      const beyond = Math.max(0, this.items.length - MOST);
      if (beyond > 0) {
        this.items.splice(0, beyond);
        this.atStart = false;
      }
      return beyond;
    });
  }

  /** Whoever starts anew is heard, whatever is on its way. */
  async #idle() {
    while (this.#loading) await this.#loading.catch(() => null);
  }

  /** One at a time: whoever asks while something comes gets `null`. */
  async #load(query, take) {
    if (this.#loading) return null;
    const loading = this.#api.messages(this.#chat, { limit: PAGE, ...query });
    this.#loading = loading;
    try {
      const page = await loading;
      const moved = take(page);
      return moved;
    } finally {
      this.#loading = null;
      const held = [...this.#held.values()];
      this.#held.clear();
      for (const message of held) this.put(message);
    }
  }

  /** A message as it stands now: a new one, an edited one, or one that was deleted. */
  put(message) {
    if (this.#loading) {
      // It may be newer than the page that is on its way.
      this.#held.set(message.number, message);
      return;
    }
    const at = this.find(message.number);
    const known = this.items[at];
    if (known?.number === message.number) {
      if (message.deleted_at) {
        this.items.splice(at, 1);
        this.emit('gone', message.number, at);
      } else if (message.updated_at >= known.updated_at) {
        this.items[at] = message;
        this.emit('changed', message.number, at);
      }
      return;
    }
    // The answer to a post may be earlier than the news of what stands before it.
    const isWithin = at === this.items.length ? this.atEnd : at > 0 || this.atStart;
    if (isWithin && !message.deleted_at) {
      this.items.splice(at, 0, message);
      this.emit('came', message, at);
      if (this.items.length > 2 * MOST) {
        this.items.splice(0, MOST);
        this.atStart = false;
        this.emit('shortened', MOST);
      }
    }
  }

  /** A user was deleted: what he wrote has no author any more. */
  forget(author) {
    this.items.forEach((message, at) => {
      if (message.author !== author) return;
      this.items[at] = { ...message, author: null };
      this.emit('changed', message.number, at);
    });
  }
}
