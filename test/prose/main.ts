/**
 * The phrase check of `pnpm lint`: counts the phrases of phrases.ts in comments, strings and documents by area, and fails if
 * an area has more of one than ceiling.json allows. A ratchet: the ceiling can only be lowered.
 *
 *   pnpm prose                 check
 *   pnpm prose AREA [PHRASE]   print where they are, such as `pnpm prose packages/node beside`
 *   pnpm prose --write         lower the ceiling to today's counts; text may move between areas, but no total may rise
 */
import { writeFileSync } from 'node:fs';
import { documents, oneLine, prose, read, sources, wordsOf } from '../docs/files.ts';
import { countPhrases, PHRASES } from './phrases.ts';
import { type Counts, exceeded, lower, totals } from './ratchet.ts';

const CEILING = 'test/prose/ceiling.json';
/** What names the phrases in order to find them. */
const OWN = ['test/prose/', 'test/docs/prose.test.ts'];

/** A package, an app or a folder of the top level; `.` for its files. */
function areaOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] === 'packages' || parts[0] === 'apps') return parts.slice(0, 2).join('/');
  return parts.length > 1 ? parts[0]! : '.';
}

/** The texts of a file that people read. */
function textsOf(path: string): string[] {
  if (path.endsWith('.md'))
    return prose(read(path))
      .split(/\n\s*\n/)
      .map(oneLine);
  const { comments, strings } = wordsOf(read(path));
  return [...comments, ...strings].map(oneLine);
}

const paths = [...documents(), ...sources()].filter((path) => !OWN.some((own) => path.startsWith(own)));
const [first, phrase] = process.argv.slice(2);
if (first !== undefined && first !== '--write') show(first, phrase);
else check(first === '--write');

function show(area: string, only: string | undefined): void {
  for (const path of paths.filter((each) => areaOf(each) === area)) {
    for (const text of textsOf(path)) {
      for (const name of Object.keys(countPhrases(text)).filter(
        (each) => only === undefined || each === only,
      )) {
        const at = text.search(PHRASES[name]!.pattern);
        console.log(`${path}: ${name}: ...${text.slice(Math.max(0, at - 50), at + 50)}...`);
      }
    }
  }
}

function check(write: boolean): void {
  const counts: Counts = {};
  for (const path of paths) {
    const area = counts[areaOf(path)] ?? {};
    for (const [name, count] of Object.entries(countPhrases(textsOf(path).join('\n\n')))) {
      area[name] = (area[name] ?? 0) + count;
    }
    counts[areaOf(path)] = area;
  }
  const ceiling = JSON.parse(read(CEILING)) as Counts;
  if (write) {
    writeFileSync(CEILING, `${JSON.stringify(lower(ceiling, counts), null, 2)}\n`);
  } else {
    const faults = exceeded(ceiling, counts);
    for (const { area, phrase: name, count, allowed } of faults) {
      console.error(
        `${area}: "${name}" ${count} times, at most ${allowed}; write: ${PHRASES[name]!.instead} (pnpm prose ${area} '${name}')`,
      );
    }
    if (faults.length > 0) process.exitCode = 1;
  }
  const sum = Object.values(totals(counts)).reduce((a, b) => a + b, 0);
  const allowed = Object.values(totals(ceiling)).reduce((a, b) => a + b, 0);
  console.log(
    `prose: ${sum} phrases to replace, ${allowed} allowed${sum < allowed && !write ? ': pnpm prose --write' : ''}`,
  );
}
