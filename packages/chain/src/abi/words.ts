/**
 * Parts of ABI-encoded data, without the rest: what others wrote can be a megabyte, of which ethers makes an object byte by
 * byte. For data that a contract of this deployment has encoded.
 */
export class Words {
  readonly #bytes: Buffer;
  /** Byte from which the offsets of this tuple or list count. */
  readonly #base: number;

  constructor(bytes: Buffer, base = 0) {
    this.#bytes = bytes;
    this.#base = base;
  }

  /** @param data hexadecimal, with 0x */
  static of(data: string): Words {
    return new Words(Buffer.from(data.slice(2), 'hex'));
  }

  uint(index: number): bigint {
    return BigInt(`0x${this.#word(this.#base + 32 * index).toString('hex')}`);
  }

  address(index: number): `0x${string}` {
    return `0x${this.#word(this.#base + 32 * index)
      .subarray(12)
      .toString('hex')}`;
  }

  /** The bytes of a text or a string of bytes, as they are; no copy. */
  bytes(index: number): Buffer {
    const at = this.#at(index);
    const length = Number(BigInt(`0x${this.#word(at).toString('hex')}`));
    return this.#slice(at + 32, length);
  }

  /** The number of elements of a list, and its elements as words. */
  list(index: number): { length: number; elements: Words } {
    const at = this.#at(index);
    const length = Number(BigInt(`0x${this.#word(at).toString('hex')}`));
    return { length, elements: new Words(this.#bytes, at + 32) };
  }

  #at(index: number): number {
    return this.#base + Number(this.uint(index));
  }

  #word(at: number): Buffer {
    return this.#slice(at, 32);
  }

  /** @throws RangeError beyond the end of the data */
  #slice(at: number, length: number): Buffer {
    if (at + length > this.#bytes.length) throw new RangeError('ABI-encoded data ends too early');
    return this.#bytes.subarray(at, at + length);
  }
}
