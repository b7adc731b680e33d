/** A part of the data that is not trained on, and why. */
export interface LeftOut {
  /** Why, as it follows a number: "hidden files", "samples without a label". */
  what: string;
  count: number;
  /** One of them, as an example. */
  example: string;
}

/** How data was interpreted, to show before training on it. */
export interface DataReport {
  format: 'idx' | 'csv' | 'images' | 'text' | 'chats';
  /** Decisions made without an option, one sentence each. */
  notes: string[];
  leftOut: LeftOut[];
}

/** Whether data is text of some form, whose classes are bytes and have no names of their own. */
export function isWritten(report: Pick<DataReport, 'format'> | undefined): boolean {
  return report?.format === 'text' || report?.format === 'chats';
}

/** Counts left-out entries by reason. */
export class Tally {
  readonly #counts = new Map<string, LeftOut>();

  add(what: string, example: string, count = 1): void {
    const entry = this.#counts.get(what);
    if (entry) entry.count += count;
    else this.#counts.set(what, { what, count, example });
  }

  addAll(entries: Iterable<LeftOut>): void {
    for (const { what, count, example } of entries) this.add(what, example, count);
  }

  list(): LeftOut[] {
    return [...this.#counts.values()];
  }

  /** For a message: "3 hidden files (.git), 1 folder ...". */
  toString(): string {
    return this.list()
      .map(({ what, count, example }) => `${count} ${what} (${example})`)
      .join(', ');
  }
}
