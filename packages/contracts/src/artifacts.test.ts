import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { artifactUrl, type CompiledContract, compileContracts } from './build/compile.ts';

/** EIP-170: code above this size cannot be deployed. */
const MAX_CODE_BYTES = 24_576;

describe('committed artifacts', () => {
  let compiled: CompiledContract[];
  beforeAll(() => {
    compiled = compileContracts();
  });

  it('are what the committed sources compile to', () => {
    expect(compiled.length).toBeGreaterThan(0);
    for (const contract of compiled) {
      const committed = JSON.parse(readFileSync(artifactUrl(contract.contractName), 'utf8'));
      expect(committed, `${contract.contractName}: run pnpm --filter @chorus/contracts build`).toEqual(
        JSON.parse(JSON.stringify(contract)),
      );
    }
  });

  it('fit the code size limit of EIP-170', () => {
    for (const contract of compiled) {
      expect((contract.deployedBytecode.length - 2) / 2).toBeLessThan(MAX_CODE_BYTES);
    }
  });
});
