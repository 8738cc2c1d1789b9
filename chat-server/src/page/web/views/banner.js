// Whether the page hears what happens: said while it does not, and for a moment when it does again.

const WORDS = {
  offline: 'You are offline. What you write is sent when you are back.',
  connecting: 'Connecting…',
  'catching up': 'Connected again, catching up…',
  live: 'Up to date again',
};
/** A connection that comes at once is not worth a word. */
const PATIENCE = 700;
const STAYS = 2_000;

export class Banner {
  #banner = document.querySelector('.banner');
  #timer = 0;
  #isWorthIt = false;

  constructor(client) {
    client.on('state', (state) => this.#tell(state));
  }

  #tell(state) {
    clearTimeout(this.#timer);
    if (state === 'live') {
      if (!this.#isWorthIt) return;
      this.#show(state);
      this.#isWorthIt = false;
      this.#timer = setTimeout(() => (this.#banner.hidden = true), STAYS);
    } else if (state === 'offline' || this.#isWorthIt) {
      this.#show(state);
    } else {
      this.#timer = setTimeout(() => this.#show(state), PATIENCE);
    }
  }

  #show(state) {
    this.#isWorthIt = true;
    this.#banner.hidden = false;
    this.#banner.dataset.state = state;
    this.#banner.textContent = WORDS[state];
  }
}
