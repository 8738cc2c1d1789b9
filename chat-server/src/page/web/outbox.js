// What is being sent: each message under a key that stays the same however often it is tried, so that it arrives once.

import { Unreachable } from './api.js';
import { Emitter } from './emitter.js';

const SOONEST = 500;
const LATEST = 15_000;

/** A key that nobody else makes; `crypto.randomUUID` is missing where the page comes without TLS. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The letters that wait in these places, in the order they were written. */
function kept(prefix) {
  const letters = [];
  try {
    for (const place of Object.keys(localStorage)) {
      if (place.startsWith(prefix)) letters.push(letterIn(place));
    }
  } catch {
    // Where nothing may be kept nothing is.
  }
  return letters.filter((letter) => letter?.key && letter.at).sort((one, other) => one.at.localeCompare(other.at));
}

/** Null when another page has taken it away, or it is none. */
function letterIn(place) {
  try {
    return JSON.parse(localStorage.getItem(place));
  } catch {
    return null;
  }
}

export class Outbox extends Emitter {
  #api;
  #place;
  #letters;
  #running = new Set();

  /**
   * What an earlier page of the same user did not get through waits in `localStorage`, each letter in a place of its own, so that pages
   * that are open at once leave each other's alone. Two that send the same letter send it once.
   */
  constructor(api, me) {
    super();
    this.#api = api;
    this.#place = `chat.outbox.${api.application}.${me.number}.`;
    this.#letters = kept(this.#place);
  }

  /** The letters to a chat, in the order they were written. */
  of(chat) {
    return this.#letters.filter((letter) => letter.chat === chat);
  }

  send(chat, body) {
    const letter = { key: freshKey(), chat, body, at: new Date().toISOString(), number: null, refused: null };
    this.#letters.push(letter);
    this.#changed(letter);
    this.start(chat);
  }

  retry(key) {
    const letter = this.#letters.find((letter) => letter.key === key);
    if (!letter) return;
    letter.refused = null;
    this.#changed(letter);
    this.start(letter.chat);
  }

  drop(key) {
    const letter = this.#letters.find((letter) => letter.key === key);
    if (!letter) return;
    this.#letters.splice(this.#letters.indexOf(letter), 1);
    this.#changed(letter);
  }

  /** Everything that waits goes on, as after a reconnect. */
  startAll() {
    for (const chat of new Set(this.#letters.map((letter) => letter.chat))) this.start(chat);
    this.emit('wake');
  }

  /** Sends what waits for a chat, one after the other, until all of it is there or refused. */
  async start(chat) {
    if (this.#running.has(chat)) return;
    this.#running.add(chat);
    let delay = SOONEST;
    for (;;) {
      const letter = this.#letters.find((one) => one.chat === chat && !one.refused && one.acknowledged !== true);
      if (!letter) break;
      try {
        const message = await this.#api.post(chat, letter.body, letter.key);
        letter.acknowledged = true;
        letter.number = message.number;
        this.emit('sent', chat, message);
        delay = SOONEST;
        this.settle(chat, message);
      } catch (error) {
        if (error instanceof Unreachable || error.passes) {
          const wait = Math.max(delay, (error.retryAfter ?? 0) * 1000);
          delay = Math.min(delay * 2, LATEST);
          await this.#pause(wait);
          continue;
        }
        letter.refused = error.words ?? error.message;
        this.#changed(letter);
      }
    }
    this.#running.delete(chat);
  }

  /**
   * A message of mine came. The event may be earlier than the answer to the post: then it is taken for the oldest letter with its
   * text, and the answer, which knows by the key, has the last word.
   */
  settle(chat, message) {
    const mine = this.of(chat);
    const letter =
      mine.find((one) => one.number === message.number) ??
      mine.find((one) => one.number === null && !one.refused && one.body === message.body);
    if (!letter) return;
    letter.number = message.number;
    if (letter.acknowledged) this.#letters.splice(this.#letters.indexOf(letter), 1);
    this.#changed(letter);
  }

  #changed(letter) {
    const place = this.#place + letter.key;
    try {
      if (this.#letters.includes(letter)) localStorage.setItem(place, JSON.stringify(letter));
      else localStorage.removeItem(place);
    } catch {
      // Without room they wait in memory.
    }
    this.emit('changed', letter.chat);
  }

  /** Waits, or until somebody knows that it makes sense to try now. */
  #pause(time) {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(done, time);
      const stop = this.on('wake', done);
    });
  }
}
