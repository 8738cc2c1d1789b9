// Who the users are: their names, each asked for once.

import { Emitter } from './emitter.js';

export class People extends Emitter {
  #api;
  #known = new Map();
  #asked = new Map();
  #presence = new Map();

  constructor(api, me) {
    super();
    this.#api = api;
    this.me = me;
    this.add(me);
  }

  add(user) {
    this.#known.set(user.number, user);
  }

  /** What a user is shown as; until that is known, something short. */
  name(number) {
    if (number === null || number === undefined) return 'Somebody';
    const user = this.#known.get(number);
    if (user) return user.display_name || user.username;
    this.need(number);
    return '…';
  }

  /** Asks who this is, unless that is known; `known` is told when it is. */
  need(number) {
    if (number === null || this.#known.has(number)) return Promise.resolve();
    if (!this.#asked.has(number)) this.#asked.set(number, this.#ask(number));
    return this.#asked.get(number);
  }

  async #ask(number) {
    try {
      this.add(await this.#api.user(number));
    } catch (error) {
      // Who was deleted has no name; what could not be asked is asked again.
      if (error.status === 404) this.add({ number, username: 'Somebody', display_name: null });
    }
    this.#asked.delete(number);
    if (this.#known.has(number)) this.emit('known', number);
  }

  /** Whether a user is there, as far as is known: `{online, last_seen_at}`. */
  presence(number) {
    return this.#presence.get(number) ?? null;
  }

  setPresence(number, presence) {
    this.#presence.set(number, presence);
    this.emit('presence', number);
  }

  /** Nothing is known of anybody's presence any more. */
  forgetPresence() {
    const known = [...this.#presence.keys()];
    this.#presence.clear();
    for (const number of known) this.emit('presence', number);
  }
}
