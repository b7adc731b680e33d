import { holdsImages } from './class-folders.ts';
import { type Entry, endingOf, type Listing } from './listing.ts';
import { PART_NAMES, type Part } from './part-names.ts';

/** Data that states its parts. */
export interface Division {
  train: Entry;
  /** Missing if there is only a training part: then a fifth of it is held out. */
  test?: Entry;
  /** Unused parts: a second test part. */
  unused: Entry[];
}

/** Files of one kind, divided by their names: `train.csv`, `Test.csv`, `val.csv.gz`. */
export function dividedFiles({ entries }: Listing, isKind: (name: string) => boolean): Division | undefined {
  return divisionOf(
    entries.filter(({ kind, name }) => kind === 'file' && isKind(name)),
    (name) => withoutEnding(name.replace(/\.gz$/i, '')),
  );
}

const withoutEnding = (name: string) => name.slice(0, name.length - endingOf(name).length);

/**
 * Folders `train` and `test` (or `val`), in any case of letters. A folder that holds images itself is a class, such as
 * trains among other vehicles.
 */
export async function dividedFolders({ entries }: Listing): Promise<Division | undefined> {
  const division = divisionOf(
    entries.filter(({ kind }) => kind === 'folder'),
    (name) => name,
  );
  return division && !(await holdsImages(division.train)) ? division : undefined;
}

function divisionOf(entries: readonly Entry[], stemOf: (name: string) => string): Division | undefined {
  const found = (part: Part) =>
    PART_NAMES[part].flatMap((wanted) => entries.filter(({ name }) => stemOf(name).toLowerCase() === wanted));
  const [train, ...moreTrain] = found('train');
  if (!train) return undefined;
  const [test, ...moreTest] = found('test');
  return { train, ...(test ? { test } : {}), unused: [...moreTrain, ...moreTest] };
}
