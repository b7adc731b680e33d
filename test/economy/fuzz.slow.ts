import { describe, it } from 'vitest';
import { expectFound, FAULTS } from './fuzz/faults.ts';

/** One that loses money, and one that lets stake go; all of them are in `fuzz.soak.ts`. */
const PLANTED = FAULTS.filter(({ file }) => /TaskClaims|StakeManager/.test(file));

describe('planted faults are found', () => {
  it.each(PLANTED)('$fault', expectFound);
});
