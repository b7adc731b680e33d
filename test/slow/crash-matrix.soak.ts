import { it } from 'vitest';
import { expectSurvived, MATRIX } from './crash/matrix.ts';

it('a node killed at any step it records, and started again, loses nothing and does nothing twice', () =>
  expectSurvived(MATRIX.full));
