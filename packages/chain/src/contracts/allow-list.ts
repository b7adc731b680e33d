import type { Address, Hex } from '@chorus/protocol';
import { AbiCoder, concat, keccak256 } from 'ethers';

/**
 * The Merkle tree over a task's allow list, as OpenZeppelin's StandardMerkleTree of `["address"]` builds it: hashed
 * leaves in rising order at the end of an array, each parent the hash of its two children in rising order.
 */
function treeOf(allowed: readonly Address[]): Hex[] {
  const leaves = allowed.map(leafOf).sort();
  const tree = new Array<Hex>(2 * leaves.length - 1);
  for (const [i, leaf] of leaves.entries()) tree[tree.length - 1 - i] = leaf;
  for (let i = leaves.length - 2; i >= 0; i--) tree[i] = parentOf(tree[2 * i + 1]!, tree[2 * i + 2]!);
  return tree;
}

/** The `allowRoot` of a task with this list. @throws {RangeError} for an empty list, which would allow no account */
export function allowRootOf(allowed: readonly Address[]): Hex {
  if (allowed.length === 0) throw new RangeError('an allow list needs an account');
  return treeOf(allowed)[0]!;
}

/** The proof that an account is on the list; null if it is not. */
export function allowProofOf(allowed: readonly Address[], account: Address): Hex[] | null {
  const tree = treeOf(allowed);
  const proof: Hex[] = [];
  let at = tree.lastIndexOf(leafOf(account));
  if (at < 0) return null;
  // A node's sibling is its other neighbour of an odd and the next even place.
  for (; at > 0; at = (at - 1) >> 1) proof.push(tree[at % 2 === 1 ? at + 1 : at - 1]!);
  return proof;
}

/** Hashed twice, so that no inner node can pass as a leaf. */
function leafOf(account: Address): Hex {
  const encoded = AbiCoder.defaultAbiCoder().encode(['address'], [account]);
  return keccak256(keccak256(encoded)) as Hex;
}

function parentOf(a: Hex, b: Hex): Hex {
  return keccak256(concat(a < b ? [a, b] : [b, a])) as Hex;
}
