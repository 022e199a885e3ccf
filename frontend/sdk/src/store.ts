/**
 * A value that says when it changes: what the SDK shows to a page. Fits React's `useSyncExternalStore` as it
 * is.
 */

export interface Readable<T extends object> {
  /** The value now. The same object until something in it changes. */
  readonly get: () => T;
  /** Calls back after every change, until the function it returns is called. */
  readonly subscribe: (listener: () => void) => () => void;
}

export class Store<T extends object> implements Readable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(initial: T) {
    this.#value = initial;
  }

  readonly get = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Takes these fields over; tells listeners only if one of them is different. */
  set(fields: Partial<T>): void {
    const next = { ...this.#value, ...fields };
    const names = Object.keys(next) as (keyof T)[];
    if (names.every((name) => Object.is(next[name], this.#value[name]))) return;
    this.#value = next;
    for (const listener of [...this.#listeners]) listener();
  }
}
