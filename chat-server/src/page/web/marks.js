// How far I have received and read my chats, told to the server a little later and together.

import { Problem } from './api.js';

const DELAY = 300;
const RETRY = 5_000;

export class Marks {
  #api;
  #waiting = new Map();
  #timer = 0;

  constructor(api) {
    this.#api = api;
    // Who leaves the page has read what he has read.
    addEventListener('pagehide', () => this.#flush());
  }

  /** I have `delivered` or `read` everything in a chat up to this number. */
  set(chat, mark) {
    const waiting = this.#waiting.get(chat) ?? {};
    for (const [name, number] of Object.entries(mark)) waiting[name] = Math.max(waiting[name] ?? 0, number);
    this.#waiting.set(chat, waiting);
    this.#in(DELAY);
  }

  #in(delay) {
    if (this.#timer === 0) this.#timer = setTimeout(() => this.#flush(), delay);
  }

  async #flush() {
    const all = [...this.#waiting];
    let delay = DELAY;
    this.#waiting.clear();
    const tell = async () => {
      for (let next = all.pop(); next; next = all.pop()) {
        const [chat, mark] = next;
        try {
          await this.#api.mark(chat, mark);
        } catch (error) {
          // What the server refuses it refuses again: a chat that I am no longer in, or one without members.
          if (error instanceof Problem && !error.passes) continue;
          this.#waiting.set(chat, { ...mark, ...this.#waiting.get(chat) });
          delay = RETRY;
        }
      }
    };
    await Promise.all([tell(), tell(), tell()]);
    this.#timer = 0;
    if (this.#waiting.size > 0) this.#in(delay);
  }
}
