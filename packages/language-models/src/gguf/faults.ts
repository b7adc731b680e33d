import { ChorusError, type Facts } from '@chorus/protocol';

/** A file that is damaged, or no model. */
export function corrupt(message: string, facts: Facts = {}, cause?: unknown): ChorusError {
  return new ChorusError('E_MODEL_CORRUPT', message, {
    facts,
    hint: 'fetch the file again, and compare its digest with the one its publisher states',
    cause,
  });
}

/** A correct model that is of a kind which is not run here. */
export function unsupported(message: string, facts: Facts, hint: string, cause?: unknown): ChorusError {
  return new ChorusError('E_MODEL_UNSUPPORTED', message, { facts, hint, cause });
}

/** A name out of a file, short enough for a message. */
export const shown = (name: string): string => name.slice(0, 100);
