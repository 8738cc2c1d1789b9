// Searching in all my chats, or in the one that is open.

import { el } from '../dom.js';
import { brief, highlighted } from '../text.js';

const PAUSE = 200;

export class Search {
  #client;
  #input = document.querySelector('.search input');
  #found = document.querySelector('.found');
  #list = this.#found.querySelector('ul');
  #summary = this.#found.querySelector('.summary');
  #more = this.#found.querySelector('.more');
  #chats = document.querySelector('nav.list');
  #scope = null;
  #next = null;
  #timer = 0;
  #asking = null;

  constructor(client, signal) {
    this.#client = client;
    const on = (target, name, listener) => target.addEventListener(name, listener, { signal });
    on(this.#input, 'input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#search(), PAUSE);
    });
    on(this.#input, 'keydown', (event) => {
      if (event.key === 'Escape') this.close();
      if (event.key === 'ArrowDown') this.#list.querySelector('a')?.focus();
    });
    on(this.#found, 'keydown', (event) => {
      if (event.key === 'Escape') this.close();
    });
    on(this.#more, 'click', () => this.#search(this.#next));
    on(document.querySelector('.within'), 'click', () => this.open(client.open));
    on(document, 'keydown', (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        this.open();
      }
    });
  }

  /** Lets somebody write what is searched for, in a chat or in all. */
  open(scope = null) {
    this.#scope = scope;
    document.body.classList.remove('reads');
    const chat = this.#client.chats.get(scope);
    this.#input.placeholder = chat ? `Search in ${this.#client.title(chat)}` : 'Search messages';
    this.#input.focus();
    this.#input.select();
    if (this.#input.value !== '') this.#search();
  }

  close() {
    this.#input.value = '';
    this.#scope = null;
    this.#input.placeholder = 'Search messages';
    document.body.classList.toggle('reads', this.#client.open !== null);
    this.#search();
  }

  async #search(before = null) {
    this.#asking?.abort();
    const query = this.#input.value;
    const isEmpty = query.trim() === '';
    this.#found.hidden = isEmpty;
    this.#chats.hidden = !isEmpty;
    if (isEmpty) return;
    const asking = new AbortController();
    this.#asking = asking;
    this.#found.setAttribute('aria-busy', 'true');
    try {
      const found = await this.#client.api.search(query, { chat: this.#scope, before }, asking.signal);
      await Promise.all(found.items.map((message) => this.#client.people.need(message.author)));
      if (asking.signal.aborted) return;
      const rows = found.items.map((message) => this.#row(message, query));
      if (before === null) this.#list.replaceChildren(...rows);
      else this.#list.append(...rows);
      this.#next = found.next;
      this.#more.hidden = found.next === null;
      this.#summary.textContent = this.#words(found);
    } catch (error) {
      if (error.name !== 'AbortError') this.#summary.textContent = 'The search does not answer. Try again in a moment.';
    }
    if (this.#asking === asking) this.#found.removeAttribute('aria-busy');
  }

  #words({ next, current }) {
    const count = this.#list.children.length;
    const lag = current ? '' : ' The newest messages may be missing yet.';
    if (count === 0) return `Nothing found.${lag}`;
    return `${count}${next === null ? '' : '+'} ${count === 1 ? 'message' : 'messages'}.${lag}`;
  }

  #row(message, query) {
    const chat = this.#client.chats.get(message.chat);
    const author = message.author_name ?? (message.author === this.#client.me ? 'You' : this.#client.people.name(message.author));
    const where = chat && chat.kind !== 'direct' ? ` in ${this.#client.title(chat)}` : chat && message.author === this.#client.me ? ` to ${this.#client.title(chat)}` : '';
    return el(
      'li',
      {},
      el(
        'a',
        { class: 'hit', href: `#/chat/${message.chat}/${message.number}` },
        el('span', { class: 'who', dir: 'auto' }, `${author}${where}`),
        el('time', { class: 'when', datetime: message.created_at }, brief(message.created_at)),
        el('span', { class: 'snippet', dir: 'auto' }, ...highlighted(message.body, query)),
      ),
    );
  }
}
