// Elements, built one by one: text is always text, never markup.

const SVG = 'http://www.w3.org/2000/svg';

/** Drawn on 24 × 24, with a line. */
const ICONS = {
  back: 'M15 5l-7 7 7 7',
  clock: 'M12 7v5l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z',
  down: 'M6 10l6 6 6-6',
  failed: 'M12 8v5M12 16.500v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z',
  new: 'M4 20l1-4L16.500 4.500a2.100 2.100 0 0 1 3 3L8 19l-4 1ZM14 7l3 3',
  out: 'M10 4H6a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h4M15 8l4 4-4 4M19 12H9',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4',
  send: 'M12 19V5M6 11l6-6 6 6',
  sent: 'M5 12.500l4.500 4.500L19 7.500',
  twice: 'M2 12.500l4.500 4.500L16 7.500M11.500 15.500l1.500 1.500L22.500 7.500',
};

/** An element with these attributes and children; a function is a listener, a string is text. */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, '');
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function icon(name) {
  const made = document.createElementNS(SVG, 'svg');
  made.setAttribute('viewBox', '0 0 24 24');
  made.setAttribute('aria-hidden', 'true');
  made.classList.add('drawn');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  made.append(path);
  return made;
}

/** Puts the letters of a name on an avatar; the colour stays the same for the same number. */
export function paint(avatar, name, number) {
  const words = name.split(/\s+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  avatar.textContent = letters.map((word) => [...word][0].toUpperCase()).join('');
  avatar.className = `avatar hue${number % 8}`;
}

/** Brings the children of a parent into this order, touching only those that are not in their place. */
export function arrange(parent, children) {
  let at = parent.firstChild;
  for (const child of children) {
    if (child === at) at = at.nextSibling;
    else parent.insertBefore(child, at);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** Calls `draw` once in the next frame, however often it is asked for; also where no frame comes, as in a hidden page. */
export function soon(draw) {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    const run = () => {
      if (!waits) return;
      waits = false;
      draw();
    };
    if (document.visibilityState === 'visible') requestAnimationFrame(run);
    else setTimeout(run, 100);
  };
}
