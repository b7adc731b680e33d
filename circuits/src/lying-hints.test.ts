import { A_LIE_OF_EACH_HINT, ALL_LIES, itCatches } from './testing/lying-hints.ts';

itCatches('reference-trust', ALL_LIES);
// The others are in lying-hints.slow.ts.
itCatches('reference-projection', A_LIE_OF_EACH_HINT);
