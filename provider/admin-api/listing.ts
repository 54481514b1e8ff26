import { KeycloakError } from "./errors";
import type { Session } from "./session";

/** So many objects are read one by one. After them, the whole list is cheaper. */
const FEW = 8;
const PAGE = 100;

type Page<T> = (first: number, max: number) => Promise<T[]>;
type One<T> = () => Promise<T | null>;

/**
 * What one run knows of the objects of one kind in one place. It reads the first few one by one, so that a small stack on
 * a large realm stays cheap. After them it lists all objects, page by page and once in the run. It reads again what the
 * run itself writes, so that the list is never older than the run's own changes.
 */
export class Listing<T extends object> {
  readonly #keyOf: (object: T) => string;
  readonly #page: Page<T>;
  /** Objects read one by one. Undefined: written since, and to be read again. */
  readonly #single = new Map<string, Promise<T | null> | undefined>();
  #list: Promise<Map<string, T>> | undefined;
  #asked = 0;

  constructor(keyOf: (object: T) => string, page: Page<T>) {
    this.#keyOf = keyOf;
    this.#page = page;
  }

  /** One object, or null if it does not exist. `one` reads it by itself. */
  async get(key: string, one: One<T>, fresh = false): Promise<T | null> {
    if (!fresh) {
      const known = this.#single.get(key);
      if (known) return known;
      this.#asked += 1;
      if (!this.#single.has(key) && (this.#list || this.#asked > FEW)) {
        const listed = (await this.#all()).get(key);
        // The run may have written it while the list was loading.
        if (listed && !this.#single.has(key)) return listed;
      }
    }
    return this.#readOne(key, one);
  }

  /** It was changed or removed: read it again next time. */
  forget(key: string): void {
    this.#single.set(key, undefined);
  }

  #readOne(key: string, one: One<T>): Promise<T | null> {
    const reading = one();
    this.#single.set(key, reading);
    reading.catch(() => this.#single.get(key) === reading && this.#single.set(key, undefined));
    return reading;
  }

  #all(): Promise<Map<string, T>> {
    this.#list ??= this.#load();
    this.#list.catch(() => {
      this.#list = undefined;
    });
    return this.#list;
  }

  async #load(): Promise<Map<string, T>> {
    const all = new Map<string, T>();
    for (let first = 0; ; first += PAGE) {
      const page = await this.#page(first, PAGE).catch(noneIfRefused);
      for (const object of page) all.set(this.#keyOf(object), object);
      if (page.length < PAGE) return all;
    }
  }
}

/** No list without the right to it or without the realm. Each object is then read by itself. */
function noneIfRefused(error: unknown): [] {
  if (error instanceof KeycloakError && [403, 404].includes(error.fault.status ?? 0)) return [];
  throw error;
}

/** The listing under this key. There is one in a run. */
export function listing<T extends object>(
  session: Session,
  key: string,
  keyOf: (object: T) => string,
  page: Page<T>,
): Promise<Listing<T>> {
  return session.shared(key, async () => new Listing(keyOf, page));
}
