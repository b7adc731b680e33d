import { expect, it } from 'vitest';
import { read } from './files.ts';

/** The rows of a document's tables that end in a whole number, by their first cell. */
function numbersOf(markdown: string): Map<string, number> {
  const rows = [...markdown.matchAll(/^\| ([^|]+?) \| ([\d,]+) \|$/gm)];
  return new Map(rows.map(([, name, number]) => [name!, Number(number!.replaceAll(',', ''))]));
}

it('docs/explain/proofs.md states the committed constraint counts and gas', () => {
  const stated = numbersOf(read('docs/explain/proofs.md'));
  const constraints = JSON.parse(read('circuits/constraints.json')) as Record<string, number>;
  const gas = JSON.parse(read('packages/contracts/gas.json')) as Record<string, number>;
  const expected = new Map(Object.entries(gas).filter(([name]) => stated.has(name)));
  for (const [name] of stated) {
    const circuit = /^`([a-z]+-\d+)`/.exec(name)?.[1];
    if (circuit !== undefined) expected.set(name, constraints[circuit]!);
  }
  expect(stated).toEqual(expected);
  expect(stated.size).toBe(11);
});
