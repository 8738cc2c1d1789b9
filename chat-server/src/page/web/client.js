// One who is logged in: his chats, what happens in them, and what he does. The views show it and call it.

import { Api } from './api.js';
import { Emitter } from './emitter.js';
import { History } from './history.js';
import { Live } from './live.js';
import { Marks } from './marks.js';
import { Outbox, freshKey } from './outbox.js';
import { People } from './people.js';
import { Typing } from './typing.js';

const RELOAD_DELAY = 200;

export class Client extends Emitter {
  chats = new Map();
  /** The number of the chat that is open, and its messages. */
  open = null;
  history = null;
  /** Whether the list of chats has come. */
  isLoaded = false;
  #reloading = 0;
  /** Whose presence the server was asked for. */
  #watched = '';

  constructor(application, session) {
    super();
    this.session = session;
    this.api = new Api(application, session.token, () => this.emit('ended'));
    this.people = new People(this.api, session.user);
    this.outbox = new Outbox(this.api, session.user);
    this.marks = new Marks(this.api);
    this.typing = new Typing();
    this.live = new Live(this.api, () => [...this.chats.values()].map((chat) => [chat.number, chat.cursor]));
    this.live.on('changes', (news) => this.#apply(news));
    this.live.on('new', (chats) => chats.forEach((chat) => this.#meet(chat)));
    this.live.on('removed', ({ chat }) => this.#forget(chat));
    this.live.on('reset', ({ chat }) => this.#reset(chat));
    this.live.on('typing', ({ chat, user }) => user !== this.me && this.typing.hear(chat, user));
    this.live.on('presence', ({ user, ...presence }) => this.people.setPresence(user, presence));
    this.live.on('heads', (news) => this.#compare(news));
    this.live.on('state', (state) => this.#connected(state));
    this.live.on('joined', () => this.#reload());
    this.live.on('mark', ({ chat, ...mark }) => this.#hearMark(chat, mark));
    this.outbox.on('sent', (chat, message) => this.#sent(chat, message));
  }

  get me() {
    return this.session.user.number;
  }

  /** The first of my chats at once, and then the others; after it the page is live. */
  async start() {
    let page = await this.api.chats({ limit: 100 });
    this.isLoaded = true;
    for (;;) {
      page.chats.forEach((chat) => this.#know(chat));
      this.emit('chats');
      if (!page.next) break;
      page = await this.api.chats(page.next);
    }
    this.live.start();
    this.outbox.startAll();
  }

  stop() {
    this.live.stop();
  }

  async logout() {
    this.stop();
    await this.api.logout(this.session.id).catch(() => {});
  }

  // What is shown of a chat.

  title(chat) {
    if (chat.with) return this.people.name(chat.with);
    if (chat.name) return chat.name;
    const others = [...(chat.members?.keys() ?? [])].filter((user) => user !== this.me);
    if (others.length === 0) return `${chat.kind === 'group' ? 'Group' : 'Chat'} ${chat.number}`;
    const names = others.slice(0, 3).map((user) => this.people.name(user));
    return others.length > 3 ? `${names.join(', ')} and ${others.length - 3} more` : names.join(', ');
  }

  /** How far a message of mine came: `sent`, `delivered` or `read` by everybody else. */
  receipt(chat, number) {
    const others = [...(chat.marks ?? [])].filter(([user]) => user !== this.me).map(([, mark]) => mark);
    if (others.length === 0) return 'sent';
    if (others.every((mark) => mark.read >= number)) return 'read';
    return others.every((mark) => mark.delivered >= number) ? 'delivered' : 'sent';
  }

  // What I do.

  /** Opens a chat at its end, or around a message. */
  async choose(number, around = null) {
    this.open = this.chats.has(number) ? number : null;
    this.history = this.open === null ? null : new History(this.api, number);
    this.emit('open', this.open, around);
    if (this.open === null) return;
    this.#watch();
    const history = this.history;
    const [members, marks] = await Promise.allSettled([this.api.members(number), this.api.marks(number)]);
    // A list may have come meanwhile, which made another of it.
    const chat = this.chats.get(number);
    if (this.history !== history || !chat) return;
    if (members.value) chat.members = new Map(members.value.map((member) => [member.user, member.role]));
    if (marks.value) {
      chat.marks ??= new Map();
      marks.value.forEach(({ user, ...mark }) => raise(chat.marks, user, mark));
    }
    this.#watch();
    this.emit('chat', number);
    this.emit('marks', number);
  }

  /** I have read everything up to this message, or to the last that was told: before one of mine others may be on their way. */
  read(shown) {
    const chat = this.chats.get(this.open);
    const number = Math.min(shown, chat?.top ?? 0);
    if (!chat || number <= chat.read) return;
    chat.read = number;
    if (number >= chat.top) chat.unread = 0;
    else this.#reload();
    this.marks.set(chat.number, { read: number });
    this.emit('chats');
  }

  send(body) {
    this.outbox.send(this.open, body);
    this.typing.sent();
  }

  /** I write in the open chat. */
  writes() {
    if (this.typing.isDue(this.open)) this.live.send({ type: 'typing', chat: this.open });
  }

  /** Starts a chat with these users, or finds the one that the two have; gives its number. */
  async startChat(users, name) {
    const isDirect = users.length === 1 && !name;
    const asked = { kind: isDirect ? 'direct' : 'group', members: users };
    if (name) asked.name = name;
    const made = await this.api.createChat(asked, freshKey());
    await this.#reloadNow();
    return made.number;
  }

  // What happens.

  #know(chat) {
    const known = this.chats.get(chat.number);
    const top = Math.max(chat.last_message?.number ?? 0, known?.top ?? 0);
    // What I read a moment ago the server may not have heard yet.
    const read = Math.max(chat.read, known?.read ?? 0);
    const unread = read > chat.read && read >= top ? 0 : chat.unread;
    this.chats.set(chat.number, { members: null, marks: null, ...known, ...chat, top, read, unread });
    if (chat.with) this.people.need(chat.with);
    if (chat.with && !known) this.#watch();
    if (chat.last_message && chat.delivered < chat.last_message.number && chat.unread > 0) {
      this.marks.set(chat.number, { delivered: chat.last_message.number });
    }
    this.emit('chats');
  }

  /** A chat that I am in now. When a list has named it before, what came since that list is asked for. */
  #meet(chat) {
    const known = this.chats.get(chat.number);
    this.#know(known ? { ...chat, cursor: known.cursor } : chat);
    if (known && known.cursor !== chat.cursor) this.live.fill(chat.number, known.cursor);
  }

  #apply({ chat: number, from, to, items }) {
    const chat = this.chats.get(number);
    if (!chat) return this.#reload();
    if (from && from !== chat.cursor) {
      // Something before this is missing, or this was told before.
      if (to !== chat.cursor) this.live.fill(number, chat.cursor);
      return;
    }
    for (const item of items) this.#take(chat, item);
    if (this.chats.has(number)) chat.cursor = to;
    this.emit('chats');
  }

  #take(chat, item) {
    switch (item.kind) {
      case 'message':
        return this.#takeMessage(chat, item);
      case 'chat':
        chat.name = item.name;
        return this.emit('chat', chat.number);
      case 'member':
        if (item.user === this.me && item.role === null) return this.#forget(chat.number);
        if (item.role) chat.members?.set(item.user, item.role);
        else chat.members?.delete(item.user);
        if (item.role === null) chat.marks?.delete(item.user);
        if (item.deleted && this.open === chat.number) this.history.forget(item.user);
        this.#watch();
        return this.emit('chat', chat.number);
      case 'mark':
        return this.#takeMark(chat, item);
      case 'removed':
        return this.#forget(chat.number);
    }
  }

  #takeMessage(chat, message) {
    const isNew = message.number > chat.top;
    chat.top = Math.max(chat.top, message.number);
    const isMine = message.author === this.me;
    if (message.deleted_at) {
      // What is last now, and how many are unread, the server knows.
      if (message.number === chat.last_message?.number || message.number > chat.read) this.#reload();
    } else {
      if (message.number >= (chat.last_message?.number ?? 0)) chat.last_message = message;
      if (isNew && !isMine && message.number > chat.read) chat.unread += 1;
      if (isNew && !isMine) this.marks.set(chat.number, { delivered: message.number });
      this.typing.over(chat.number, message.author);
    }
    if (isMine) this.outbox.settle(chat.number, message);
    this.#show(chat.number, message);
    if (isNew && !isMine && !message.deleted_at) this.emit('message', chat, message);
  }

  #takeMark(chat, { user, delivered, read }) {
    if (chat.marks) raise(chat.marks, user, { delivered, read });
    if (user === this.me && read > chat.read) {
      chat.read = read;
      if (read >= chat.top) chat.unread = 0;
      else this.#reload();
    }
    this.emit('marks', chat.number);
  }

  /** In large chats marks are no part of what happened; mine come beside it. */
  #hearMark(number, mark) {
    const chat = this.chats.get(number);
    if (chat) this.#takeMark(chat, { user: this.me, ...mark });
    this.emit('chats');
  }

  /** The answer to a post shows it at once. To a post that was tried again it says what was posted, and the news how that stands now. */
  #sent(chat, message) {
    if (message.number > (this.chats.get(chat)?.top ?? 0)) this.#show(chat, message);
  }

  #show(chat, message) {
    if (this.open === chat) this.history.put(message);
  }

  /** The past of a chat is gone: everything is asked for anew. */
  async #reset(number) {
    const { cursor } = await this.api.chat(number);
    const chat = this.chats.get(number);
    // Numbers begin anew where the other history ends: what was read of the old one says nothing.
    if (chat) Object.assign(chat, { cursor, top: 0, read: 0, unread: 0, last_message: null, marks: null });
    await this.#reloadNow();
    if (this.open === number) this.choose(number);
  }

  #forget(number) {
    this.chats.delete(number);
    this.emit('chats');
    if (this.open === number) this.emit('lost', number);
  }

  /** What the socket has told, against what arrived. */
  #compare({ heads }) {
    for (const [number, head] of Object.entries(heads ?? {})) {
      const chat = this.chats.get(Number(number));
      if (!chat) this.#reload();
      else if (chat.cursor !== head) this.live.fill(chat.number, chat.cursor);
    }
  }

  /** Soon and once, however many reasons there are. */
  #reload() {
    clearTimeout(this.#reloading);
    this.#reloading = setTimeout(() => this.#reloadNow().catch(() => {}), RELOAD_DELAY);
  }

  async #reloadNow() {
    const before = new Map([...this.chats.values()].map((chat) => [chat.number, chat.cursor]));
    const { chats } = await this.api.chats({ limit: 100 });
    for (const chat of chats) {
      const known = this.chats.get(chat.number);
      // What came while the list was on its way it may not know; where it stands at the same place it does.
      if (known?.cursor !== before.get(chat.number) && known?.cursor !== chat.cursor) this.#reload();
      // Its own news bring a chat forward; a list that is older or newer must not skip any of them.
      else this.#know(known ? { ...chat, cursor: known.cursor } : chat);
    }
  }

  #connected(state) {
    if (state === 'live') this.outbox.startAll();
    if (state === 'live') this.#watch();
    // Another socket was asked nothing yet, and while the page only polls nobody was.
    if (state !== 'live') this.#watched = '';
    if (state !== 'live' && state !== 'catching up') this.people.forgetPresence();
    this.emit('state', state);
  }

  /** Those whose presence is shown: the others of direct chats, and of the chat that is open. */
  #watch() {
    const open = this.chats.get(this.open);
    const users = new Set([open?.with, ...(open?.members?.keys() ?? [])].filter(Boolean));
    for (const chat of this.chats.values()) if (chat.with) users.add(chat.with);
    users.delete(this.me);
    const watched = [...users].slice(0, 200);
    if (this.live.state !== 'live' || this.#watched === String(watched)) return;
    this.#watched = String(watched);
    this.live.send({ type: 'watch', users: watched });
  }
}

/** Marks only rise. */
function raise(marks, user, { delivered, read }) {
  const known = marks.get(user) ?? { delivered: 0, read: 0 };
  marks.set(user, { delivered: Math.max(known.delivered, delivered), read: Math.max(known.read, read) });
}
