/** 0x-prefixed lower-case hexadecimal. */
export type Hex = `0x${string}`;

/** A 20-byte account address; compared in lower case. */
export type Address = Hex;

/** An address as users and documents write it, in any letter case; a checksum is not checked. */
export const ADDRESS_PATTERN = /^0x[0-9a-fA-F]{40}$/;

/** A 32-byte hash, of a transaction for instance, in any letter case. */
export const HASH_PATTERN = /^0x[0-9a-fA-F]{64}$/;

/** Bytes to 0x-prefixed lower-case hex. */
export function toHex(bytes: Uint8Array): Hex {
  let text = '0x';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text as Hex;
}

/**
 * 0x-prefixed hex to bytes.
 * @throws {RangeError} on an odd length or a character that is not hexadecimal
 */
export function fromHex(hex: string): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(hex)) throw new RangeError(`not 0x-prefixed hex: ${hex.slice(0, 20)}`);
  const bytes = new Uint8Array((hex.length - 2) / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 + 2 * i, 4 + 2 * i), 16);
  return bytes;
}

/** True for equal addresses whatever their letter case (checksummed or not). */
export function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
