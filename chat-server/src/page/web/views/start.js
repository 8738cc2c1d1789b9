// Starting a chat with one or more people, who are found by their names.

import { el } from '../dom.js';

export class Start {
  #client;
  #dialog = document.querySelector('.start-chat');
  #form = this.#dialog.querySelector('form');
  #people = this.#dialog.querySelector('.people');
  #input = this.#form.elements.person;
  #title = this.#form.elements.title;
  #error = this.#form.querySelector('.error');
  #submit = this.#form.querySelector('[type=submit]');
  #chosen = new Map();

  constructor(client, signal) {
    this.#client = client;
    const on = (target, name, listener) => target.addEventListener(name, listener, { signal });
    for (const button of document.querySelectorAll('button.new')) on(button, 'click', () => this.open());
    on(document, 'keydown', (event) => {
      if (event.altKey && event.code === 'KeyN') {
        event.preventDefault();
        this.open();
      }
    });
    on(this.#form.querySelector('.cancel'), 'click', () => this.#dialog.close());
    on(this.#input, 'keydown', (event) => this.#key(event));
    on(this.#people, 'click', () => this.#input.focus());
    on(this.#form, 'submit', (event) => {
      event.preventDefault();
      this.#start();
    });
  }

  open() {
    if (this.#dialog.open) return;
    this.#chosen.clear();
    this.#form.reset();
    this.#error.textContent = '';
    this.#draw();
    this.#dialog.showModal();
    this.#input.focus();
  }

  #key(event) {
    if (event.isComposing) return;
    const isDone = event.key === 'Enter' || event.key === ',';
    if (isDone && this.#input.value.trim() !== '') {
      event.preventDefault();
      this.#add();
    } else if (event.key === 'Backspace' && this.#input.value === '') {
      const last = [...this.#chosen.keys()].at(-1);
      this.#chosen.delete(last);
      this.#draw();
    }
  }

  /** Looks for whom the name is; says whether there is such a one. */
  async #add() {
    const name = this.#input.value.trim();
    if (name === '') return true;
    this.#error.textContent = '';
    try {
      const user = await this.#client.api.userNamed(name);
      if (!user) return this.#refuse(`Nobody is called ${name}.`);
      if (user.number === this.#client.me) return this.#refuse('That is you.');
      this.#client.people.add(user);
      this.#chosen.set(user.number, user.display_name || user.username);
      this.#input.value = '';
      this.#draw();
      return true;
    } catch {
      return this.#refuse('The server cannot be reached. Try again in a moment.');
    }
  }

  #refuse(words) {
    this.#error.textContent = words;
    this.#input.focus();
    return false;
  }

  #draw() {
    for (const chip of this.#people.querySelectorAll('.chip')) chip.remove();
    for (const [number, name] of this.#chosen) {
      const remove = () => {
        this.#chosen.delete(number);
        this.#draw();
        this.#input.focus();
      };
      this.#input.before(el('button', { type: 'button', class: 'chip', click: remove, title: `Remove ${name}` }, name, el('span', { 'aria-hidden': 'true' }, '×')));
    }
    this.#form.querySelector('.group').hidden = this.#chosen.size < 2;
    this.#submit.textContent = this.#chosen.size > 1 ? 'Start group' : 'Start';
  }

  async #start() {
    this.#submit.disabled = true;
    try {
      if (!(await this.#add())) return;
      if (this.#chosen.size === 0) {
        this.#refuse('Say with whom.');
        return;
      }
      const title = this.#chosen.size > 1 ? this.#title.value.trim() : '';
      const number = await this.#client.startChat([...this.#chosen.keys()], title || null);
      this.#dialog.close();
      location.hash = `#/chat/${number}`;
    } catch (error) {
      this.#refuse(error.words ?? 'The server cannot be reached. Try again in a moment.');
    } finally {
      this.#submit.disabled = false;
    }
  }
}
