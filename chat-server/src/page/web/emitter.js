// Tells those who listen what happened.

export class Emitter {
  #listeners = new Map();

  /** Calls `listener` each time `name` happens; call what comes back to stop. */
  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.#listeners.get(name).delete(listener);
  }

  emit(name, ...told) {
    for (const listener of this.#listeners.get(name) ?? []) listener(...told);
  }
}
