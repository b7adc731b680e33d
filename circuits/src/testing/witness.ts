import { wtns } from 'snarkjs';

/**
 * Runs a circuit's witness generator.
 *
 * @param file - gets the witness in snarkjs's format
 * @returns the value of every wire, wire 0 being 1
 * @throws Error if an assertion of the generator (every `===`) fails
 */
export async function calculateWitness(
  wasm: Uint8Array | string,
  signals: object,
  file: { type: 'mem'; data?: Uint8Array } = { type: 'mem' },
): Promise<bigint[]> {
  await wtns.calculate(signals as Record<string, unknown>, wasm, file);
  return (await wtns.exportJson(file)).map(BigInt);
}

/**
 * The template in whose assertion the witness generator stops; undefined if a witness exists.
 *
 * Generators also print that; it is kept off the console.
 */
export async function refusedBy(wasm: Uint8Array | string, signals: object): Promise<string | undefined> {
  const { error } = console;
  console.error = () => {};
  try {
    await calculateWitness(wasm, signals);
    return undefined;
  } catch (cause) {
    return /Error in template (\w+)_\d+ line/.exec(String(cause))?.[1] ?? String(cause);
  } finally {
    console.error = error;
  }
}
