// The page: who is there, then his chats. Where the address points, the page goes.

import { capabilities } from './api.js';
import { Client } from './client.js';
import { Banner } from './views/banner.js';
import { Conversation } from './views/conversation.js';
import { Search } from './views/search.js';
import { Sidebar } from './views/sidebar.js';
import { sign } from './views/sign.js';
import { Start } from './views/start.js';

const KEPT = 'chat.session';
const AGAIN = 2_000;

/** Asks until there is an answer. */
async function persist(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (error.status && !error.passes) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}

/** The session of an earlier visit, if it is of this server and not over. */
function kept(application) {
  try {
    const session = JSON.parse(localStorage.getItem(KEPT));
    return session?.application === application && new Date(session.expires_at) > new Date() ? session : null;
  } catch {
    return null;
  }
}

/** The chat and the message that the address names: `#/chat/3` or `#/chat/3/17`. */
function place() {
  const [, chat, message] = location.hash.match(/^#\/chat\/(\d+)(?:\/(\d+))?$/) ?? [];
  return [chat ? Number(chat) : null, message ? Number(message) : null];
}

const { default_application: application, registration } = await persist(capabilities);
let session = kept(application);
if (!session) {
  session = { ...(await sign(application, registration)), application };
  localStorage.setItem(KEPT, JSON.stringify(session));
}

const client = new Client(application, session);
const leaving = new AbortController();

/** Everything that was shown is gone with the document. */
function leave() {
  leaving.abort();
  client.stop();
  localStorage.removeItem(KEPT);
  history.replaceState(null, '', location.pathname);
  location.reload();
}

async function go() {
  const [chat, message] = place();
  if (chat === null || chat !== client.open || message !== null) await client.choose(chat, message);
}

client.on('ended', leave);
client.on('lost', () => (location.hash = '#/'));
document.querySelector('#app').hidden = false;
new Sidebar(client, leaving.signal);
new Conversation(client, leaving.signal);
new Search(client, leaving.signal);
new Start(client, leaving.signal);
new Banner(client);
document.querySelector('.out').addEventListener('click', async () => {
  await client.logout();
  leave();
});
// Another page of the same browser logged out.
addEventListener('storage', ({ key, newValue }) => key === KEPT && newValue === null && leave());

await persist(() => client.start());
addEventListener('hashchange', go);
await go();
