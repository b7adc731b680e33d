import type { Address, Hex } from '@chorus/protocol';
import { concat, keccak256 } from 'ethers';
import { describe, expect, it } from 'vitest';
import { allowProofOf, allowRootOf } from './allow-list.ts';

const account = (i: number): Address => `0x${String(i).padStart(40, '0')}`;

/** As `MerkleProof.verify` of OpenZeppelin walks it. */
function reached(leaf: Hex, proof: readonly Hex[]): string {
  return proof.reduce<string>((a, b) => keccak256(concat(BigInt(a) < BigInt(b) ? [a, b] : [b, a])), leaf);
}
const leafOf = (address: Address) => keccak256(keccak256(`0x${address.slice(2).padStart(64, '0')}`)) as Hex;

describe('an allow list', () => {
  it('an allow list has the root that OpenZeppelin’s merkle-tree gives it', () => {
    // StandardMerkleTree.of([['0x11..11'], ['0x22..22']], ['address']).root, by hand: both leaves in rising order.
    const [a, b]: [Address, Address] = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`];
    const [first, second] = [leafOf(a), leafOf(b)].sort() as [Hex, Hex];
    expect(allowRootOf([a, b])).toBe(keccak256(concat([first, second])));
    expect(allowRootOf([b, a])).toBe(allowRootOf([a, b]));
    expect(allowRootOf([a])).toBe(leafOf(a));
  });

  it.each([1, 2, 3, 5, 8, 31, 128])(
    'an allow list of %i accounts proves each of them, and no other account',
    (count) => {
      const list = Array.from({ length: count }, (_, i) => account(i + 1));
      const root = allowRootOf(list);
      for (const each of [list[0]!, list[count >> 1]!, list[count - 1]!]) {
        expect(reached(leafOf(each), allowProofOf(list, each)!)).toBe(root);
      }
      expect(allowProofOf(list, account(count + 1))).toBeNull();
    },
  );

  it('an empty allow list is refused', () => {
    expect(() => allowRootOf([])).toThrow(RangeError);
  });
});
