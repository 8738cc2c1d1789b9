// The open chat: who it is with, its messages, who writes, and what is written.

import { icon, paint, soon } from '../dom.js';
import { brief } from '../text.js';
import { Timeline } from './timeline.js';

export class Conversation {
  #client;
  #timeline;
  #main = document.querySelector('#main');
  #section = this.#main.querySelector('.open');
  #nothing = this.#main.querySelector('.nothing');
  #avatar = this.#section.querySelector('.title .avatar');
  #title = this.#section.querySelector('h1');
  #presence = this.#section.querySelector('.presence');
  #typing = this.#section.querySelector('.typing');
  #text = this.#section.querySelector('textarea');
  #announcer = this.#main.querySelector('.announcer');
  #said = Promise.resolve();
  #drafts = new Map();
  #draw = soon(() => this.#drawNow());

  constructor(client, signal) {
    this.#client = client;
    this.#timeline = new Timeline(client, signal);
    this.#section.querySelector('.back').append(icon('back'));
    this.#section.querySelector('.within').append(icon('search'));
    const composer = this.#section.querySelector('.composer');
    composer.querySelector('.send').append(icon('send'));
    const on = (target, name, listener) => target.addEventListener(name, listener, { signal });
    on(composer, 'submit', (event) => this.#send(event));
    on(this.#text, 'input', () => this.#written());
    on(this.#text, 'keydown', (event) => {
      // While an input method composes, Enter is its own.
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) this.#send(event);
    });
    client.on('open', (number, around) => this.#open(number, around));
    client.on('chat', this.#draw);
    client.on('chats', this.#draw);
    client.typing.on('changed', this.#draw);
    client.people.on('known', this.#draw);
    client.people.on('presence', this.#draw);
    client.on('message', (chat, message) => this.#announce(chat, message));
  }

  /** Puts the cursor where one writes. */
  focus() {
    if (!this.#section.hidden) this.#text.focus({ preventScroll: true });
  }

  #open(number, around) {
    const isOpen = number !== null;
    this.#section.hidden = !isOpen;
    this.#nothing.hidden = isOpen;
    document.body.classList.toggle('reads', isOpen);
    this.#text.value = this.#drafts.get(number) ?? '';
    this.#size();
    this.#drawNow();
    this.#timeline.show(number, around);
    // On a phone the keyboard would cover what was opened to be read.
    if (isOpen && matchMedia('(hover: hover)').matches) this.focus();
  }

  #send(event) {
    event.preventDefault();
    const body = this.#text.value;
    if (body.trim() === '') return;
    this.#client.send(body);
    this.#text.value = '';
    this.#drafts.delete(this.#client.open);
    this.#size();
    this.#timeline.toEnd();
    this.#text.focus({ preventScroll: true });
  }

  #written() {
    this.#drafts.set(this.#client.open, this.#text.value);
    this.#size();
    if (this.#text.value.trim() !== '') this.#client.writes();
  }

  /** As high as what is in it, up to a third of the screen, which the style says. */
  #size() {
    this.#text.style.height = 'auto';
    this.#text.style.height = `${this.#text.scrollHeight + 2}px`;
  }

  #drawNow() {
    const chat = this.#client.chats.get(this.#client.open);
    if (!chat) return;
    const title = this.#client.title(chat);
    this.#title.textContent = title;
    paint(this.#avatar, title, chat.with ?? chat.number);
    const presence = chat.with ? this.#client.people.presence(chat.with) : null;
    this.#avatar.classList.toggle('online', Boolean(presence?.online));
    this.#presence.textContent = this.#about(chat, presence);
    const typists = this.#client.typing.in(chat.number).map((user) => this.#client.people.name(user));
    const words = typists.length === 0 ? '' : typists.length === 1 ? `${typists[0]} is typing` : `${typists.slice(0, 3).join(', ')} are typing`;
    if (this.#typing.textContent !== words) this.#typing.textContent = words;
    this.#text.disabled = chat.role === 'reader';
    this.#text.placeholder = chat.role === 'reader' ? 'You can read here' : 'Write a message';
    this.#text.setAttribute('aria-label', `Message to ${title}`);
  }

  #about(chat, presence) {
    if (chat.with) {
      if (presence?.online) return 'online';
      return presence?.last_seen_at ? `last seen ${brief(presence.last_seen_at)}` : '';
    }
    const members = chat.members?.size ?? 0;
    if (members === 0) return '';
    const online = [...chat.members.keys()].filter((user) => this.#client.people.presence(user)?.online).length;
    return `${members} ${members === 1 ? 'member' : 'members'}${online > 0 ? `, ${online} online` : ''}`;
  }

  /** A screen reader hears what comes while it comes, and nothing of the history that is scrolled through. */
  #announce(chat, message) {
    // In the order in which it came, also when it must be asked first who that is.
    this.#said = this.#said.then(() => this.#say(chat, message));
  }

  async #say(chat, message) {
    const { people } = this.#client;
    const members = [...(chat.members?.keys() ?? [])].slice(0, 4);
    const named = [message.author, chat.with, ...members].filter(Boolean);
    await Promise.all(named.map((user) => people.need(user)));
    const author = message.author_name ?? people.name(message.author);
    const where = chat.number === this.#client.open ? '' : ` in ${this.#client.title(chat)}`;
    this.#announcer.textContent = `${author}${where}: ${message.body.slice(0, 200)}`;
  }
}
