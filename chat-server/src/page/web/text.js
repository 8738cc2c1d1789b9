// Times as people say them, links, and what a search found.

import { el } from './dom.js';

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'short' });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const fullDate = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

const DAY = 86_400_000;

function daysAgo(at) {
  const midnight = (day) => new Date(day.getFullYear(), day.getMonth(), day.getDate()).getTime();
  return Math.round((midnight(new Date()) - midnight(at)) / DAY);
}

export const time = (at) => clock.format(new Date(at));
export const moment = (at) => full.format(new Date(at));
export const dayOf = (at) => new Date(at).toDateString();

/** What stands between the messages of two days. */
export function day(text) {
  const at = new Date(text);
  const ago = daysAgo(at);
  if (ago === 0) return 'Today';
  if (ago === 1) return 'Yesterday';
  return at.getFullYear() === new Date().getFullYear() ? longDay.format(at) : fullDate.format(at);
}

/** A time in little room. */
export function brief(text) {
  const at = new Date(text);
  const ago = daysAgo(at);
  if (ago <= 0) return clock.format(at);
  if (ago < 7) return weekday.format(at);
  return at.getFullYear() === new Date().getFullYear() ? date.format(at) : fullDate.format(at);
}

const LINK = /https?:\/\/[^\s<>"]+[^\s<>"'.,:;!?)\]}]/giu;

/** A text as nodes, with its web addresses as links. */
export function linked(text) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(LINK)) {
    if (!URL.canParse(found[0])) continue;
    nodes.push(text.slice(end, found.index));
    nodes.push(el('a', { href: found[0], target: '_blank', rel: 'noopener noreferrer nofollow' }, found[0]));
    end = found.index + found[0].length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== '');
}

/** Case and accents do not count, as in the server's search. */
const fold = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** The folded text, and for each of its places the place in the text that it comes from. */
function folded(text) {
  const places = [];
  let out = '';
  let at = 0;
  for (const letter of text) {
    const plain = fold(letter);
    for (let each = 0; each < plain.length; each += 1) places.push(at);
    out += plain;
    at += letter.length;
  }
  places.push(at);
  return { out, places };
}

/** The pieces of a query: phrases in quotes are one. */
function pieces(query) {
  const found = [...query.matchAll(/"([^"]*)"?|(\S+)/gu)].map(([, phrase, word]) => fold(phrase ?? word).trim());
  return found.filter(Boolean);
}

const AROUND = 60;

/** A stretch of a text around the first place that was found, as nodes with all such places marked. */
export function highlighted(text, query) {
  const { out, places } = folded(text.replace(/\s+/gu, ' '));
  const flat = text.replace(/\s+/gu, ' ');
  const spans = [];
  for (const piece of pieces(query)) {
    for (let at = out.indexOf(piece); at >= 0; at = out.indexOf(piece, at + piece.length)) {
      // A short piece is found at the start of a word only.
      const begins = at === 0 || !/[\p{L}\p{N}]/u.test(out[at - 1]);
      if (piece.length > 2 || begins) spans.push([places[at], places[at + piece.length]]);
    }
  }
  spans.sort(([a], [b]) => a - b);
  const from = Math.max(0, (spans[0]?.[0] ?? 0) - AROUND);
  const to = Math.min(flat.length, from + 4 * AROUND);
  const nodes = [from > 0 ? '…' : ''];
  let end = from;
  for (const [start, stop] of spans) {
    if (start < end || stop > to) continue;
    nodes.push(flat.slice(end, start), el('mark', {}, flat.slice(start, stop)));
    end = stop;
  }
  nodes.push(flat.slice(end, to), to < flat.length ? '…' : '');
  return nodes.filter((node) => node !== '');
}
