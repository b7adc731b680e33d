/** How a bigint stands in the journal's JSON. */
const BIGINT = /^-?\d{1,100}n$/;

/** JSON with bigints, as `"123n"`; text of that shape does not occur in what the journal keeps. */
export function encodeDetail(value: unknown): string {
  return JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? `${each}n` : each));
}

/** @throws SyntaxError where the text is not JSON */
export function decodeDetail(text: string): unknown {
  return JSON.parse(text, (_, each) =>
    typeof each === 'string' && BIGINT.test(each) ? BigInt(each.slice(0, -1)) : each,
  );
}
