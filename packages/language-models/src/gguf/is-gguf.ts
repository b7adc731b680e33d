/** The first four bytes of a GGUF file. */
const MAGIC = [0x47, 0x47, 0x55, 0x46];

/** Whether bytes begin as those of a GGUF file do. */
export function isGguf(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}
