import { it } from 'vitest';
import { expectSurvived, MATRIX } from './crash/matrix.ts';

it('a node killed at any step that is done and not yet recorded, and started again, loses nothing and does nothing twice', () =>
  expectSurvived(MATRIX.unrecorded));
