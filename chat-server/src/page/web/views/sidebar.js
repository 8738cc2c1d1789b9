// My chats by latest activity, with what is unread.

import { arrange, el, icon, paint, soon } from '../dom.js';
import { brief } from '../text.js';

const activity = (chat) => chat.last_message?.created_at ?? chat.created_at;

export class Sidebar {
  #client;
  #list = document.querySelector('.sidebar .chats');
  #rows = new Map();
  #draw = soon(() => this.#drawNow());

  constructor(client, signal) {
    this.#client = client;
    const header = document.querySelector('.sidebar .me');
    const name = client.session.user.display_name || client.session.user.username;
    header.querySelector('.name').textContent = name;
    paint(header.querySelector('.avatar'), name, client.me);
    header.querySelector('.new').append(icon('new'));
    header.querySelector('.out').append(icon('out'));
    for (const news of ['chats', 'chat', 'open']) client.on(news, this.#draw);
    client.typing.on('changed', this.#draw);
    client.people.on('known', this.#draw);
    client.people.on('presence', this.#draw);
    document.addEventListener('keydown', (event) => this.#key(event), { signal });
    this.#drawNow();
  }

  get #sorted() {
    const chats = [...this.#client.chats.values()];
    const later = (one, other) => (activity(one) < activity(other) ? 1 : activity(one) > activity(other) ? -1 : other.number - one.number);
    return chats.sort(later);
  }

  /** Alt with an arrow goes to the chat above or below. */
  #key(event) {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    const chats = this.#sorted;
    if (chats.length === 0) return;
    event.preventDefault();
    const at = chats.findIndex((chat) => chat.number === this.#client.open);
    const next = event.key === 'ArrowDown' ? at + 1 : Math.max(at, 0) - 1;
    location.hash = `#/chat/${chats[Math.min(Math.max(next, 0), chats.length - 1)].number}`;
  }

  #drawNow() {
    const chats = this.#sorted;
    const rows = chats.map((chat) => this.#row(chat));
    for (const number of this.#rows.keys()) if (!this.#client.chats.has(number)) this.#rows.delete(number);
    if (rows.length === 0 && this.#client.isLoaded) rows.push(this.#empty());
    arrange(this.#list, rows);
    const unread = chats.reduce((sum, chat) => sum + (chat.muted ? 0 : chat.unread), 0);
    const open = this.#client.chats.get(this.#client.open);
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${open ? `${this.#client.title(open)} · ` : ''}chat`;
  }

  #empty() {
    return el('li', { class: 'empty' }, 'No chats yet. The pencil above starts one.');
  }

  #row(chat) {
    const client = this.#client;
    const title = client.title(chat);
    const typists = client.typing.in(chat.number);
    const preview = typists.length > 0 ? `${client.people.name(typists[0])} is typing…` : this.#preview(chat);
    const isOnline = Boolean(chat.with && client.people.presence(chat.with)?.online);
    const isOpen = chat.number === client.open;
    const when = brief(activity(chat));
    const drawn = [title, preview, typists.length > 0, isOnline, isOpen, when, chat.unread, chat.muted].join('\n');
    const known = this.#rows.get(chat.number);
    if (known?.dataset.drawn === drawn) return known;
    const row = known ?? el('li', {});
    row.dataset.drawn = drawn;
    const avatar = el('span', { 'aria-hidden': 'true' });
    paint(avatar, title, chat.with ?? chat.number);
    avatar.classList.toggle('online', isOnline);
    const count = chat.unread >= 1000 ? '999+' : String(chat.unread);
    const link = row.firstChild ?? el('a', { href: `#/chat/${chat.number}` });
    link.className = `chat${chat.unread > 0 ? ' unread' : ''}${chat.muted ? ' muted' : ''}`;
    if (isOpen) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    const parts = [
      avatar,
      el('span', { class: 'who', dir: 'auto' }, title, isOnline && el('span', { class: 'hidden' }, ', online')),
      el('time', { class: 'when', datetime: activity(chat) }, when),
      el('span', { class: typists.length > 0 ? 'preview writes' : 'preview', dir: 'auto' }, preview),
      chat.unread > 0 && el('span', { class: 'count' }, count, el('span', { class: 'hidden' }, ' unread')),
    ];
    link.replaceChildren(...parts.filter(Boolean));
    if (!known) {
      row.append(link);
      this.#rows.set(chat.number, row);
    }
    return row;
  }

  #preview(chat) {
    const last = chat.last_message;
    if (!last) return chat.kind === 'group' ? 'New group' : 'No messages yet';
    const text = last.body.slice(0, 120).replace(/\s+/gu, ' ');
    if (last.author === this.#client.me) return `You: ${text}`;
    if (chat.kind === 'direct') return text;
    return `${last.author_name ?? this.#client.people.name(last.author)}: ${text}`;
  }
}
