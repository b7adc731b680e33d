import { A_LIE_OF_EACH_HINT, ALL_LIES, itCatches } from './testing/lying-hints.ts';

itCatches(
  'reference-projection',
  ALL_LIES.filter((lie) => !A_LIE_OF_EACH_HINT.includes(lie)),
);
