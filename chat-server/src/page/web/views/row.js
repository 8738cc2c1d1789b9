// One message in the timeline.

import { el, icon, paint } from '../dom.js';
import { day, dayOf, linked, moment, time } from '../text.js';

/** Messages of one author that are nearer than this belong together. */
const TOGETHER = 5 * 60_000;

const RECEIPTS = {
  waiting: ['clock', 'Being sent'],
  sent: ['sent', 'Sent'],
  delivered: ['twice', 'Delivered'],
  read: ['twice', 'Read'],
  failed: ['failed', 'Not sent'],
};

function followsOn(message, before) {
  if (!before || before.author !== message.author || before.author_name !== message.author_name) return false;
  return dayOf(before.created_at) === dayOf(message.created_at)
    && new Date(message.created_at) - new Date(before.created_at) < TOGETHER;
}

/** The row of a message that stands behind `before`; `isFirstUnread` draws the line above it. */
export function row(message, before, { client, isGroup, isFirstUnread }) {
  const isMine = message.author === client.me;
  const follows = followsOn(message, before) && !isFirstUnread;
  const name = message.author_name ?? (isMine ? 'You' : client.people.name(message.author));
  const made = el('li', { class: `row ${isMine ? 'own' : 'other'}${follows ? ' follows' : ''}` });
  made.dataset.number = message.number;
  if (!before || dayOf(before.created_at) !== dayOf(message.created_at)) {
    made.append(el('p', { class: 'day' }, el('span', {}, day(message.created_at))));
  }
  if (isFirstUnread) made.append(el('p', { class: 'unread-line' }, el('span', {}, 'New')));
  const author = el('span', { class: isGroup && !isMine && !follows ? 'author' : 'hidden' }, name);
  const text = el('p', { class: 'text', dir: 'auto' }, ...linked(message.body));
  const meta = el('span', { class: 'meta' });
  if (message.edited_at) meta.append('edited ');
  meta.append(el('time', { datetime: message.created_at, title: moment(message.created_at) }, time(message.created_at)));
  const bubble = el('div', { class: 'bubble' }, author, text, meta);
  if (isMine) meta.append(el('span', { class: 'receipt' }));
  if (isGroup && !isMine) {
    const avatar = el('span', { 'aria-hidden': 'true' });
    paint(avatar, name, message.author ?? 0);
    made.append(el('div', { class: 'line' }, avatar, bubble));
  } else {
    made.append(el('div', { class: 'line' }, bubble));
  }
  return made;
}

/** Says on a row of mine how far the message came. */
export function setReceipt(made, state) {
  const receipt = made.querySelector('.receipt');
  if (!receipt || receipt.dataset.state === state) return;
  const [drawn, words] = RECEIPTS[state];
  receipt.dataset.state = state;
  receipt.title = words;
  receipt.replaceChildren(icon(drawn), el('span', { class: 'hidden' }, words));
}

/** The row of a letter that is not there yet. */
export function sendingRow(letter, outbox) {
  const made = el('li', { class: 'row own' });
  made.dataset.key = letter.key;
  const meta = el('span', { class: 'meta' }, el('time', {}, time(letter.at)), el('span', { class: 'receipt' }));
  made.append(el('div', { class: 'line' }, el('div', { class: 'bubble' }, el('p', { class: 'text', dir: 'auto' }, ...linked(letter.body)), meta)));
  if (letter.refused) {
    const again = el('button', { type: 'button', class: 'link', click: () => outbox.retry(letter.key) }, 'Try again');
    const drop = el('button', { type: 'button', class: 'link', click: () => outbox.drop(letter.key) }, 'Delete');
    made.append(el('p', { class: 'refused', role: 'alert' }, `Not sent: ${letter.refused}. `, again, ' ', drop));
  }
  setReceipt(made, letter.refused ? 'failed' : 'waiting');
  return made;
}
