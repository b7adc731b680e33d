/**
 * A number in [0, 1) that depends on the seed and the place alone: what is drawn for one token does not depend on what
 * was drawn before, nor on other texts that are written at the same time. Two words are mixed by the finaliser of
 * MurmurHash3 (Appleby 2011), which changes half of the bits for each changed one.
 *
 * @param seed a whole number from 0 to 2^53 - 1
 * @param place tokens before the one that is drawn
 */
export function uniform(seed: number, place: number): number {
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32) >>> 0;
  const first = mixed(mixed(mixed(low ^ 0x9e3779b9) ^ high) ^ place);
  const second = mixed(first ^ 0x85ebca6b);
  // 53 bits, as many as a number in [0, 1) has.
  return ((first >>> 5) * 2 ** 26 + (second >>> 6)) / 2 ** 53;
}

function mixed(word: number): number {
  let h = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
