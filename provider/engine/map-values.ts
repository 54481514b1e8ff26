/** The same object with each value replaced. */
export function mapValues<T, U>(entries: { [name: string]: T }, map: (value: T, name: string) => U) {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, map(value, name)]));
}
