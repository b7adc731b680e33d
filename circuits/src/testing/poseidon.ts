import { poseidon16 } from 'poseidon-lite/poseidon16';

/** s = begin; s = Poseidon(s, next 15 elements), the last chunk padded with zeros. */
export function poseidonOfElements(begin: bigint, elements: readonly bigint[]): bigint {
  let state = begin;
  for (let at = 0; at < elements.length; at += 15) {
    const chunk = Array.from({ length: 15 }, (_, k) => elements[at + k] ?? 0n);
    state = poseidon16([state, ...chunk]);
  }
  return state;
}
