import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { artifactUrl, compileContracts } from './build/compile.ts';

it('the committed artifacts are what the committed sources compile to', () => {
  const compiled = compileContracts();
  expect(compiled.length).toBeGreaterThan(0);
  for (const contract of compiled) {
    const committed = JSON.parse(readFileSync(artifactUrl(contract.contractName), 'utf8'));
    expect(committed, `${contract.contractName}: run pnpm --filter @chorus/contracts build`).toEqual(
      JSON.parse(JSON.stringify(contract)),
    );
  }
});
