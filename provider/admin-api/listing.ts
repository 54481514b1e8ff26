import { KeycloakError } from "./errors";
import type { Session } from "./session";

/** As many objects are read one by one before the whole list is worth its price. */
const FEW = 8;
const PAGE = 100;

type Page<T> = (first: number, max: number) => Promise<T[]>;
type One<T> = () => Promise<T | null>;

/**
 * What one run knows of the objects of one kind in one place. The first few are read one by one, so that a small stack
 * on a large realm stays cheap; whoever asks after that has all of them listed, page by page, once for the whole run.
 * What this run writes is read anew, so it never sees a list that is older than its own changes.
 */
export class Listing<T extends object> {
  readonly #keyOf: (object: T) => string;
  readonly #page: Page<T>;
  /** Read one by one; undefined for what was written since and has to be read again. */
  readonly #single = new Map<string, Promise<T | null> | undefined>();
  #list: Promise<Map<string, T>> | undefined;
  #asked = 0;

  constructor(keyOf: (object: T) => string, page: Page<T>) {
    this.#keyOf = keyOf;
    this.#page = page;
  }

  /** One object, or null where there is none; `one` reads it by itself. */
  async get(key: string, one: One<T>, fresh = false): Promise<T | null> {
    if (!fresh) {
      const known = this.#single.get(key);
      if (known) return known;
      this.#asked += 1;
      if (!this.#single.has(key) && (this.#list || this.#asked > FEW)) {
        const listed = (await this.#all()).get(key);
        // It may have been written while the list was under way.
        if (listed && !this.#single.has(key)) return listed;
      }
    }
    return this.#readOne(key, one);
  }

  /** It was changed or removed: whoever asks next reads it anew. */
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

/** Without the right to list, or without the realm, there is nothing to save: each is asked for by itself. */
function noneIfRefused(error: unknown): [] {
  if (error instanceof KeycloakError && [403, 404].includes(error.fault.status ?? 0)) return [];
  throw error;
}

/** The listing under this key, one for the whole run. */
export function listing<T extends object>(
  session: Session,
  key: string,
  keyOf: (object: T) => string,
  page: Page<T>,
): Promise<Listing<T>> {
  return session.shared(key, async () => new Listing(keyOf, page));
}
