import { z } from 'zod';

/** A parameter of the API that changes what is answered: only its neutral values are accepted. */
export const only = (accepts: (value: unknown) => boolean, message: string) =>
  z
    .unknown()
    .refine((value) => value === undefined || value === null || accepts(value), message)
    .optional();

const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;
const never = () => false;

/** Parameters that an agent cannot follow. To ignore them would answer another question than the one that was asked. */
export const unsupported = {
  n: only((value) => value === 1, 'an agent gives one answer; n must be 1'),
  functions: only(isEmpty, 'send them as tools'),
  function_call: only((value) => value === 'none' || value === 'auto', 'send it as tool_choice'),
  modalities: only(
    (value) => Array.isArray(value) && value.length === 1 && value[0] === 'text',
    'an answer is text; modalities must be ["text"]',
  ),
  audio: only(never, 'an answer is text'),
  web_search_options: only(never, 'agents search nothing for a caller'),
};
