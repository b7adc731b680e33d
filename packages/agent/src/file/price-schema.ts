import { parseSum } from '@chorus/protocol';
import { z } from 'zod';

/** Text, never a number: YAML would make a float of it. */
export const price = z
  .string()
  .max(100)
  .refine((text) => {
    const sum = parseSum(text);
    return sum !== null && sum.digits > 0n;
  }, 'must be an amount above 0 and its token, such as 0.02 CHOR');
