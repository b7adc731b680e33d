/** Most blocks that the tensors of a model are grouped into. */
const MAX_BLOCKS = 8;

/** A range of a vector's entries. */
export interface Block {
  from: number;
  to: number;
}

/**
 * Group a model's tensors, in the order of its parameters, into at most 8 blocks: as long as there are more, the two
 * neighbours with the fewest entries together (the first such two) become one.
 *
 * @param sizes entries of each tensor
 */
export function tensorBlocks(sizes: readonly number[]): Block[] {
  const blocks: Block[] = [];
  let from = 0;
  for (const size of sizes) {
    blocks.push({ from, to: from + size });
    from += size;
  }
  while (blocks.length > MAX_BLOCKS) {
    let smallest = 0;
    const together = (i: number) => blocks[i + 1]!.to - blocks[i]!.from;
    for (let i = 1; i + 1 < blocks.length; i++) if (together(i) < together(smallest)) smallest = i;
    blocks.splice(smallest, 2, { from: blocks[smallest]!.from, to: blocks[smallest + 1]!.to });
  }
  return blocks;
}

/** A copy of the vector that is zero outside a block. */
export function pieceOf<T extends Int16Array | Int32Array | Float64Array>(vector: T, { from, to }: Block): T {
  const piece = vector.slice() as T;
  piece.fill(0, 0, from);
  piece.fill(0, to);
  return piece;
}
