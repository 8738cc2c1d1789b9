// The socket: it says who asks, takes up where the page stood, notices loss, and comes back as the server says.

import { Emitter } from './emitter.js';

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
/** Until the server says how often its heart beats. */
const HEARTBEAT = 30_000;
/** One frame names so many chats. */
const MOST = 400;

export class Stream extends Emitter {
  #url;
  #session;
  #cursors;
  #socket = null;
  #timer = 0;
  #watchdog = 0;
  #heartbeat = HEARTBEAT;
  #failures = 0;
  #wait = null;
  #stopped = true;
  /** How many frames asked what was missed and were not answered yet. */
  #behind = 0;

  /** `cursors` gives where the page stands: pairs of a chat's number and its cursor. */
  constructor(url, session, cursors) {
    super();
    this.#url = url;
    this.#session = session;
    this.#cursors = cursors;
  }

  start() {
    this.#stopped = false;
    addEventListener('online', this.#now);
    addEventListener('offline', this.#gone);
    document.addEventListener('visibilitychange', this.#now);
    this.#connect();
  }

  stop() {
    this.#stopped = true;
    removeEventListener('online', this.#now);
    removeEventListener('offline', this.#gone);
    document.removeEventListener('visibilitychange', this.#now);
    clearTimeout(this.#timer);
    this.#drop();
  }

  get isReady() {
    return this.#socket?.ready === true;
  }

  /** Sends a frame that may be lost. */
  send(frame) {
    if (this.isReady) this.#socket.socket.send(JSON.stringify(frame));
  }

  /** Asks for everything after these cursors, by chat; no frame is larger than the server takes. */
  sync(cursors) {
    for (let at = 0; at === 0 || at < cursors.length; at += MOST) {
      // Chats that no frame names are new to the page, which the server can tell after the last of them.
      const more = at + MOST < cursors.length;
      this.send({ type: 'sync', cursors: Object.fromEntries(cursors.slice(at, at + MOST)), more });
      if (this.isReady) this.#behind += 1;
    }
  }

  /** The network is back, or somebody looks at the page: no reason to wait any longer. */
  #now = () => {
    if (this.#stopped || this.#socket || document.visibilityState === 'hidden') return;
    clearTimeout(this.#timer);
    this.#connect();
  };

  #gone = () => {
    this.#drop();
    this.emit('state', 'offline');
    this.#later();
  };

  #connect() {
    this.#drop();
    this.emit('state', navigator.onLine ? 'connecting' : 'offline');
    let socket;
    try {
      socket = new WebSocket(this.#url);
    } catch {
      this.#later();
      return;
    }
    this.#socket = { socket, ready: false };
    this.#behind = 0;
    this.#watch();
    // The session goes in the first frame: an address is written into logs.
    socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', session: this.#session }));
    socket.onmessage = ({ data }) => {
      if (this.#socket?.socket !== socket) return;
      this.#watch();
      let frame;
      try {
        frame = JSON.parse(data);
      } catch {
        return;
      }
      this.#take(frame);
    };
    socket.onclose = () => {
      if (this.#socket?.socket !== socket) return;
      if (!this.#socket.ready) this.#failures += 1;
      this.#drop();
      this.emit('state', navigator.onLine ? 'connecting' : 'offline', this.#failures);
      this.#later();
    };
  }

  #take(frame) {
    switch (frame.type) {
      case 'ready':
        this.#socket.ready = true;
        this.#failures = 0;
        this.#heartbeat = frame.heartbeat ?? HEARTBEAT;
        this.#wait = frame.retry_ms ?? null;
        this.#watch();
        this.emit('state', 'catching up');
        this.sync([...this.#cursors()]);
        break;
      case 'bye':
        this.#wait = frame.retry_ms ?? this.#wait;
        if (frame.resume === false) {
          this.stop();
          this.emit('ended');
        }
        break;
      case 'caught_up':
        this.#behind -= 1;
        if (this.#behind <= 0) this.emit('state', 'live');
        break;
      case 'new':
        this.emit('new', frame.chats);
        break;
      default:
        this.emit(frame.type, frame);
    }
  }

  /** Comes back after what the server said, or twice as long each time; never all at once. */
  #later() {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    const own = Math.min(FIRST_DELAY * 2 ** this.#failures, LONGEST_DELAY);
    const delay = this.#failures === 0 && this.#wait !== null ? this.#wait : own * (0.5 + Math.random());
    this.#timer = setTimeout(() => this.#connect(), delay);
  }

  /** Who has heard nothing for so long is alone on the line. */
  #watch() {
    clearTimeout(this.#watchdog);
    const silence = this.#heartbeat * 2 + 5_000;
    this.#watchdog = setTimeout(() => this.#socket?.socket.close(), silence);
  }

  #drop() {
    clearTimeout(this.#watchdog);
    const dropped = this.#socket;
    this.#socket = null;
    dropped?.socket.close();
  }
}
