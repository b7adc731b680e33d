import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { artifactUrl, CONTRACTS } from './build/compile.ts';
import { currentDigest, DIGEST_URL } from './build/digest.ts';

/** EIP-170: code above this size cannot be deployed. */
const MAX_CODE_BYTES = 24_576;

describe('committed artifacts', () => {
  // That the sources compile to them is checked by compiling, in artifacts.slow.ts.
  it('are those that were last built, from the sources as they are', () => {
    const built = JSON.parse(readFileSync(DIGEST_URL, 'utf8'));
    expect(currentDigest(), 'run pnpm --filter @chorus/contracts build').toEqual(built);
  });

  it.each(CONTRACTS)('%s fits the code size limit of EIP-170', (name) => {
    const url = artifactUrl(name.slice(name.lastIndexOf('/') + 1));
    const { deployedBytecode } = JSON.parse(readFileSync(url, 'utf8'));
    expect((deployedBytecode.length - 2) / 2).toBeLessThan(MAX_CODE_BYTES);
  });
});
