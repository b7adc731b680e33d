import { decode } from 'cborg';

/**
 * Decode CBOR in shortest forms: no indefinite lengths, no duplicate keys, no tags, NaN, infinity or undefined, nothing
 * after the value. The order of keys is not checked.
 * @throws Error of the decoder, in its words
 */
export function decodeStrict(bytes: Uint8Array): unknown {
  return decode(bytes, {
    allowIndefinite: false,
    allowUndefined: false,
    allowNaN: false,
    allowInfinity: false,
    strict: true,
    rejectDuplicateMapKeys: true,
  });
}
