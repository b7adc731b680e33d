/** The form of a bigint in the journal's JSON. */
const BIGINT = /^-?\d{1,100}n$/;

/** JSON with bigints, as `"123n"`; no other text of that shape occurs in the journal. */
export function encodeDetail(value: unknown): string {
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each));
}

/** @throws SyntaxError if the text is not JSON */
export function decodeDetail(text: string): unknown {
  return JSON.parse(text, (_, each) =>
    typeof each === 'string' && BIGINT.test(each) ? BigInt(each.slice(0, -1)) : each,
  );
}
