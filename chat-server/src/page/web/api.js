// The native API over HTTP. Nothing here knows what is shown.

/** The server could not be asked: no network, or it is away. */
export class Unreachable extends Error {}

/** The server said no, as a problem of RFC 9457. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body?.detail || body?.title || `the server answered ${status}`);
    this.status = status;
    this.code = body?.code ?? '';
    this.errors = body?.errors ?? [];
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may go through later. */
  get passes() {
    return this.status === 429 || this.status >= 500;
  }

  /** What to tell whoever asked. */
  get words() {
    const [first] = this.errors;
    return first ? `${first.field} ${first.message}` : this.message;
  }
}

// Relative to the page, so that it also works below a prefix that a proxy takes away.
const root = new URL('api/v1/', document.baseURI);

async function ask(path, { method = 'GET', session, body, key, query, signal, keepalive } = {}) {
  const url = new URL(path, root);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null) url.searchParams.set(name, value);
  }
  const headers = { accept: 'application/json, application/problem+json' };
  if (session) headers.authorization = `Bearer ${session}`;
  if (key) headers['idempotency-key'] = key;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const request = { method, headers, signal, keepalive, cache: 'no-store', credentials: 'omit' };
  if (body !== undefined) request.body = JSON.stringify(body);
  let answer, text;
  try {
    answer = await fetch(url, request);
    text = await answer.text();
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Unreachable(error.message);
  }
  let said = null;
  try {
    said = text === '' ? null : JSON.parse(text);
  } catch {
    // What stands before the server may answer in words of its own.
  }
  if (answer.ok) return { status: answer.status, body: said, links: links(answer.headers.get('link')) };
  throw new Problem(answer.status, said, Number(answer.headers.get('retry-after')) || 0);
}

/** The queries of an RFC 8288 `Link` header by relation. */
function links(header) {
  const found = {};
  for (const [, target, relation] of (header ?? '').matchAll(/<([^>]*)>;\s*rel="?([a-z]+)"?/g)) {
    found[relation] = Object.fromEntries(new URL(target, root).searchParams);
  }
  return found;
}

/** What this server can do, and the application that the page is for. */
export async function capabilities() {
  return (await ask('capabilities')).body;
}

/** The default application before anybody is logged in. */
export class Lobby {
  constructor(application) {
    this.path = `applications/${application}`;
  }

  async register(username, password, key) {
    return (await ask(`${this.path}/users`, { method: 'POST', body: { username, password }, key })).body;
  }

  async login(username, password) {
    const device = navigator.userAgent.slice(0, 255);
    return (await ask(`${this.path}/sessions`, { method: 'POST', body: { username, password, device } })).body;
  }
}

/** The application as one who is logged in sees it. */
export class Api {
  /** `lost` is called when the session has ended. */
  constructor(application, session, lost) {
    this.application = application;
    this.session = session;
    this.lost = lost;
  }

  async #ask(path, options = {}) {
    try {
      return await ask(`applications/${this.application}/${path}`, { ...options, session: this.session });
    } catch (error) {
      if (error.status === 401) this.lost();
      throw error;
    }
  }

  /** Where the stream of this application is. */
  get stream() {
    const url = new URL(`applications/${this.application}/stream`, root);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return url;
  }

  async me() {
    return (await this.#ask('me')).body;
  }

  async user(number) {
    return (await this.#ask(`users/${number}`)).body;
  }

  async userNamed(username) {
    return (await this.#ask('users', { query: { username } })).body[0] ?? null;
  }

  /** A page of my chats by latest activity, and the query of the next one. */
  async chats(query = { limit: 100 }) {
    const { body, links } = await this.#ask('me/chats', { query });
    return { chats: body, next: links.next ?? null };
  }

  async chat(number) {
    return (await this.#ask(`chats/${number}`)).body;
  }

  async createChat(chat, key) {
    return (await this.#ask('chats', { method: 'POST', body: chat, key })).body;
  }

  async members(chat) {
    return (await this.#ask(`chats/${chat}/members`, { query: { limit: 200 } })).body;
  }

  async marks(chat) {
    return (await this.#ask(`chats/${chat}/marks`, { query: { limit: 200 } })).body;
  }

  async mark(chat, mark) {
    return (await this.#ask(`chats/${chat}/mark`, { method: 'PUT', body: mark, keepalive: true })).body;
  }

  /** A page of messages by number, and whether there are more on either side. */
  async messages(chat, query) {
    const { body, links } = await this.#ask(`chats/${chat}/messages`, { query });
    return { messages: body, older: 'prev' in links, newer: 'next' in links };
  }

  async post(chat, body, key) {
    const answer = await this.#ask(`chats/${chat}/messages`, { method: 'POST', body: { body }, key });
    // It waits in a queue: the same key asks later what became of it.
    if (answer.status === 202) throw new Unreachable('the message waits in a queue');
    return answer.body;
  }

  async search(query, options, signal) {
    return (await this.#ask('search', { query: { query, limit: 30, ...options }, signal })).body;
  }

  async changes(chat, after, signal) {
    return (await this.#ask(`chats/${chat}/changes`, { query: { after, limit: 500 }, signal })).body;
  }

  async sync(cursors, signal) {
    return (await this.#ask('sync', { method: 'POST', body: { cursors }, signal })).body;
  }

  async logout(session) {
    await this.#ask(`sessions/${session}`, { method: 'DELETE' });
  }
}
