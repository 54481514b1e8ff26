/** Names that are told apart in labels. The rest is counted under one name, so that labels cannot grow without end. */
export class BoundedNames {
  private readonly names = new Set<string>();

  constructor(private readonly most: number) {}

  of(name: string): string {
    if (this.names.has(name)) return name;
    if (this.names.size >= this.most) return "other";
    this.names.add(name);
    return name;
  }
}

/** One value for some labels. */
export interface Row<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  value: number;
}

/**
 * Numbers by up to two labels. prom-client works out a name of all labels at each count, which is as much as the check of
 * a remembered token. This is quicker, and prom-client gets the numbers when they are asked for.
 */
export class Tally<Label extends string> {
  private readonly byFirst = new Map<string, Map<string, Row<Label>>>();

  constructor(private readonly names: readonly Label[]) {}

  add(first = "", second = ""): void {
    this.row(first, second).value++;
  }

  set(value: number, first = "", second = ""): void {
    this.row(first, second).value = value;
  }

  rows(): Row<Label>[] {
    return [...this.byFirst.values()].flatMap((rows) => [...rows.values()]);
  }

  private row(first: string, second: string): Row<Label> {
    return this.byFirst.get(first)?.get(second) ?? this.newRow(first, second);
  }

  private newRow(first: string, second: string): Row<Label> {
    const values = [first, second];
    const labels = Object.fromEntries(this.names.map((name, index) => [name, values[index]])) as Record<Label, string>;
    const row = { labels, value: 0 };
    const rows = this.byFirst.get(first) ?? new Map<string, Row<Label>>();
    this.byFirst.set(first, rows.set(second, row));
    return row;
  }
}
