// The messages of the open chat. However long the history is, only some screens of it are in the document: rows come in at the
// end that is scrolled to and go at the other, and what is looked at stays where it is.

import { arrange, icon, soon } from '../dom.js';
import { row, sendingRow, setReceipt } from './row.js';

/** So many rows come in at once: little enough for one frame. */
const STEP = 20;
/** So many are there at first. */
const FIRST = 60;
const FEWEST = 160;
/** No row is lower, so that a window of rows can be measured against the screen. */
const LOWEST_ROW = 30;
/** So near to the end counts as being there. */
const AT_END = 80;
/** A first page that did not come is asked for again after so long. */
const AGAIN = 3_000;

export class Timeline {
  #client;
  #scroller = document.querySelector('.timeline');
  #list = this.#scroller.querySelector('.messages');
  #sending = this.#scroller.querySelector('.sending');
  #start = this.#scroller.querySelector('.start');
  #jump = document.querySelector('.jump');
  #history = null;
  #chat = null;
  /** What is in the document: places in the history. */
  #low = 0;
  #high = 0;
  #rows = new Map();
  #letters = new Map();
  #isAtEnd = true;
  #missed = 0;
  #firstUnread = 0;
  #found = 0;
  #again = 0;
  #draw = soon(() => this.#drawNow());
  #scrolled = soon(() => this.#grow());

  constructor(client, signal) {
    this.#client = client;
    const on = (target, name, listener) => target.addEventListener(name, listener, { signal, passive: true });
    on(this.#scroller, 'scroll', () => {
      this.#isAtEnd = this.#reachesEnd() && this.#below() < AT_END;
      this.#scrolled();
    });
    on(this.#jump, 'click', () => this.toEnd());
    on(window, 'focus', () => this.#noteRead());
    on(document, 'visibilitychange', () => this.#noteRead());
    const resized = new ResizeObserver(() => this.#isAtEnd && this.#scrollToEnd());
    resized.observe(this.#scroller);
    signal.addEventListener('abort', () => resized.disconnect());
    client.outbox.on('changed', (chat) => {
      if (chat !== this.#chat) return;
      this.#draw();
    });
    client.on('state', (state) => state === 'live' && this.#begin());
    client.on('marks', (chat) => chat === this.#chat && this.#draw());
    client.on('chat', (chat) => chat === this.#chat && this.#draw());
    client.people.on('known', () => {
      this.#rows.clear();
      this.#draw();
    });
  }

  /** Shows a chat at its end, or around a message. */
  show(number, around = null) {
    [this.#chat, this.#history] = [number, this.#client.history];
    const history = this.#history;
    [this.#low, this.#high, this.#missed, this.#firstUnread] = [0, 0, 0, 0];
    this.#found = around ?? 0;
    this.#isAtEnd = around === null;
    this.#rows.clear();
    this.#drawNow();
    if (!history) return;
    history.on('came', (message, at) => this.#came(message, at));
    history.on('changed', () => this.#draw());
    history.on('gone', (_, at) => this.#gone(at));
    history.on('shortened', (by) => {
      this.#low = Math.max(0, this.#low - by);
      this.#high = Math.max(0, this.#high - by);
      this.#draw();
    });
    this.#begin();
  }

  /** Brings in the first page, unless it is there; without it there is nothing that could be scrolled to try again. */
  async #begin() {
    const [history, around] = [this.#history, this.#found];
    const chat = this.#client.chats.get(this.#chat);
    if (!chat || !history?.isBlank) return;
    const [readBefore, hadUnread] = [chat.read, chat.unread > 0];
    if (!history.isLoading) await this.#load(() => (around ? history.around(around) : history.latest()));
    if (history !== this.#history) return;
    if (history.isBlank) {
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#begin(), AGAIN);
      return;
    }
    if (hadUnread) {
      const first = history.items.find((message) => message.number > readBefore && message.author !== this.#client.me);
      this.#firstUnread = first?.number ?? 0;
    }
    const middle = around ? history.find(around) : history.items.length;
    this.#low = Math.max(0, middle - FIRST);
    this.#high = Math.min(history.items.length, middle + FIRST);
    this.#drawNow();
    const target = this.#rows.get(around)?.row;
    if (target) target.scrollIntoView({ block: 'center' });
    else this.#scrollToEnd();
    this.#grow();
  }

  /** Goes where the newest messages are. */
  async toEnd() {
    const history = this.#history;
    if (!history) return;
    if (!history.atEnd) await this.#load(() => history.latest());
    if (history !== this.#history) return;
    this.#high = history.items.length;
    this.#low = Math.max(0, this.#high - FIRST);
    [this.#isAtEnd, this.#missed, this.#found] = [true, 0, 0];
    this.#drawNow();
    this.#scrollToEnd();
  }

  #reachesEnd() {
    return Boolean(this.#history?.atEnd) && this.#high >= this.#history.items.length;
  }

  /** So many rows may be in the document: some screens of them. */
  get #most() {
    return Math.max(FEWEST, 4 * Math.ceil(this.#scroller.clientHeight / LOWEST_ROW));
  }

  #below() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  #scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Loads and says so; what fails is tried again when somebody scrolls. */
  async #load(load) {
    this.#scroller.setAttribute('aria-busy', 'true');
    try {
      return await load();
    } catch {
      return null;
    } finally {
      this.#scroller.removeAttribute('aria-busy');
    }
  }

  #came(message, at) {
    const isNext = at === this.#high && at === this.#history.items.length - 1;
    // At the end the window moves along; elsewhere it only grows while there is room.
    const isShown = at < this.#high || (isNext && (this.#isAtEnd || this.#high - this.#low < this.#most));
    if (at < this.#low) this.#low += 1;
    if (isShown) this.#high += 1;
    if (!this.#isAtEnd && message.author !== this.#client.me) this.#missed += 1;
    this.#draw();
  }

  #gone(at) {
    if (at < this.#low) this.#low -= 1;
    if (at < this.#high) this.#high -= 1;
    this.#draw();
  }

  /** Brings in what is needed around the screen, first from memory, then from the server. */
  async #grow() {
    const history = this.#history;
    if (!history || history.isBlank) return;
    const { scrollTop, clientHeight } = this.#scroller;
    const most = this.#most;
    if (scrollTop < clientHeight && this.#low > 0) {
      this.#low = Math.max(0, this.#low - STEP);
      this.#high = Math.min(this.#high, this.#low + most);
      this.#drawNow();
      this.#scrolled();
    } else if (this.#below() < clientHeight && this.#high < history.items.length) {
      this.#high = Math.min(history.items.length, this.#high + STEP);
      this.#low = Math.max(this.#low, this.#high - most);
      this.#drawNow();
      this.#scrolled();
    }
    this.#tellPlace();
    this.#noteRead();
    if (this.#low < FIRST && !history.atStart && !history.isLoading) await this.#fetch(history, () => history.older());
    else if (history.items.length - this.#high < FIRST && !history.atEnd && !history.isLoading) {
      await this.#fetch(history, async () => -(await history.newer()));
    }
  }

  async #fetch(history, load) {
    const moved = await this.#load(load);
    if (history !== this.#history || moved === null) return;
    this.#low = Math.max(0, this.#low + moved);
    this.#high = Math.min(history.items.length, this.#high + moved);
    this.#scrolled();
  }

  #drawNow() {
    const history = this.#history;
    const items = history?.items ?? [];
    if (this.#isAtEnd && history?.atEnd) {
      this.#high = items.length;
      this.#low = Math.max(this.#low, this.#high - this.#most);
    }
    const anchor = this.#isAtEnd ? null : this.#anchor();
    const shown = items.slice(this.#low, this.#high);
    const wanted = shown.map((message, at) => this.#row(message, items[this.#low + at - 1]));
    arrange(this.#list, wanted);
    const numbers = new Set(shown.map((message) => message.number));
    for (const number of this.#rows.keys()) if (!numbers.has(number)) this.#rows.delete(number);
    this.#drawLetters();
    this.#drawStart();
    if (this.#isAtEnd) this.#scrollToEnd();
    else if (anchor) this.#keep(anchor);
    this.#tellPlace();
    this.#noteRead();
  }

  /** The first row on the screen and where it is. */
  #anchor() {
    const edge = this.#scroller.scrollTop;
    for (const row of this.#list.children) {
      const top = row.offsetTop;
      if (top + row.offsetHeight > edge) return { number: Number(row.dataset.number), top };
    }
    return null;
  }

  /** Puts that message where it was on the screen; its row may be another one by now. */
  #keep({ number, top }) {
    const row = this.#rows.get(number)?.row;
    if (row) this.#scroller.scrollTop += row.offsetTop - top;
  }

  #row(message, before) {
    const known = this.#rows.get(message.number);
    const chat = this.#client.chats.get(this.#chat);
    const isFirstUnread = message.number === this.#firstUnread;
    const key = `${before?.number ?? 0} ${isFirstUnread}`;
    let made = known?.row;
    if (known?.message !== message || known.key !== key) {
      made = row(message, before, { client: this.#client, isGroup: chat?.kind !== 'direct', isFirstUnread });
      if (message.number === this.#found) made.classList.add('found');
      this.#rows.set(message.number, { row: made, message, key });
    }
    if (chat && message.author === this.#client.me) setReceipt(made, this.#client.receipt(chat, message.number));
    return made;
  }

  /** What is not there yet stands below; what came already stands above. */
  #drawLetters() {
    const waiting = this.#client.outbox.of(this.#chat).filter((letter) => letter.number === null || !this.#history?.has(letter.number));
    const isShown = !this.#history || this.#reachesEnd();
    const rows = (isShown ? waiting : []).map((letter) => {
      const key = `${letter.key} ${letter.refused ?? ''}`;
      if (!this.#letters.has(key)) this.#letters.set(key, sendingRow(letter, this.#client.outbox));
      return this.#letters.get(key);
    });
    arrange(this.#sending, rows);
    if (waiting.length === 0) this.#letters.clear();
  }

  #drawStart() {
    const history = this.#history;
    const isFirst = history?.atStart && this.#low === 0;
    const words = isFirst ? (history.items.length > 0 ? 'This is where it began.' : 'Nothing here yet. Say hello.') : 'Loading…';
    if (this.#start.textContent !== words) this.#start.textContent = words;
    this.#start.classList.toggle('waits', !isFirst);
  }

  #tellPlace() {
    const isAway = Boolean(this.#history) && this.#history.items.length > 0 && !(this.#reachesEnd() && this.#below() < AT_END * 3);
    if (!isAway) this.#missed = 0;
    const words = this.#missed > 0 ? `${this.#missed} new` : 'Latest';
    this.#jump.hidden = !isAway;
    if (this.#jump.dataset.words === words) return;
    this.#jump.dataset.words = words;
    this.#jump.replaceChildren(icon('down'), words);
  }

  /** What was on the screen of somebody who looks at it is read. */
  #noteRead() {
    const history = this.#history;
    if (!history || history.items.length === 0 || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    if (this.#isAtEnd && this.#reachesEnd()) {
      this.#client.read(history.last);
      return;
    }
    const chat = this.#client.chats.get(this.#chat);
    const top = history.items[this.#high - 1]?.number ?? 0;
    if (!chat || chat.unread === 0 || chat.read >= top) return;
    const edge = this.#scroller.scrollTop + this.#scroller.clientHeight;
    const seen = [...this.#list.children].findLast((row) => row.offsetTop + row.offsetHeight <= edge);
    if (seen) this.#client.read(Number(seen.dataset.number));
  }
}
