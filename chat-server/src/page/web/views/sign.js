// Logging in, and becoming somebody.

import { Lobby, Problem } from '../api.js';
import { freshKey } from '../outbox.js';

const WORDS = {
  login: {
    title: 'Welcome back',
    lead: 'Log in to go on where you left.',
    done: 'Log in',
    other: 'New here?',
    toggle: 'Create an account',
    complete: 'current-password',
  },
  register: {
    title: 'Create an account',
    lead: 'A name that others find you by, and a password.',
    done: 'Create account',
    other: 'Have an account?',
    toggle: 'Log in',
    complete: 'new-password',
  },
};

/** Shows the form until somebody is logged in, and gives the session. */
export function sign(application, registration) {
  const view = document.querySelector('#sign');
  const form = view.querySelector('form');
  const error = form.querySelector('.error');
  const submit = form.querySelector('[type=submit]');
  const toggle = form.querySelector('.switch button');
  const { username, password } = form.elements;
  const lobby = new Lobby(application);
  let mode = 'login';
  let key = freshKey();

  const show = () => {
    const words = WORDS[mode];
    form.querySelector('h1').textContent = words.title;
    form.querySelector('.lead').textContent = words.lead;
    submit.textContent = words.done;
    form.querySelector('.switch span').textContent = words.other;
    form.querySelector('.switch').hidden = !registration;
    toggle.textContent = words.toggle;
    password.autocomplete = words.complete;
    error.textContent = '';
  };
  const refuse = (words, field) => {
    error.textContent = words;
    field?.focus();
  };

  show();
  view.hidden = false;
  username.focus();

  return new Promise((resolve) => {
    const listening = new AbortController();
    const on = (target, name, listener) => target.addEventListener(name, listener, { signal: listening.signal });
    on(toggle, 'click', () => {
      mode = mode === 'login' ? 'register' : 'login';
      show();
      username.focus();
    });
    // The key stands for what is asked: another name or password is another request.
    on(form, 'input', () => (key = freshKey()));
    on(form, 'submit', async (event) => {
      event.preventDefault();
      if (username.value.trim() === '') return refuse('Please say who you are.', username);
      if (password.value === '') return refuse('Please give a password.', password);
      submit.disabled = true;
      try {
        if (mode === 'register') await lobby.register(username.value, password.value, key);
        const session = await lobby.login(username.value, password.value);
        password.value = '';
        view.hidden = true;
        listening.abort();
        resolve(session);
      } catch (failure) {
        refuse(...explain(failure, username, password));
      } finally {
        submit.disabled = false;
      }
    });
  });
}

function explain(failure, username, password) {
  if (!(failure instanceof Problem)) return ['The server cannot be reached. Try again in a moment.'];
  if (failure.status === 401) return ['The name or the password is wrong.', password];
  if (failure.code === 'name_taken') return ['Somebody has this name already.', username];
  if (failure.status === 429) return [`Too many attempts. Try again in ${failure.retryAfter || 60} seconds.`];
  if (failure.status === 404) return ['Registration is closed.'];
  return [failure.words];
}
