import { readFileSync } from 'node:fs';
import { type WitnessCalculator, WitnessCalculatorBuilder } from 'circom_runtime';

/** Bytes of a value in a witness file. */
const VALUE_BYTES = 32;

/** Public values of a contribution circuit, wires 1 to 9. */
const PUBLIC_VALUES = 9;

/** One instance of each generator: V8 compiles its WebAssembly better the more often it has run. */
const calculators = new Map<Uint8Array | string, Promise<WitnessCalculator>>();

function calculatorOf(wasm: Uint8Array | string): Promise<WitnessCalculator> {
  let calculator = calculators.get(wasm);
  if (!calculator) {
    calculator = WitnessCalculatorBuilder(typeof wasm === 'string' ? readFileSync(wasm) : wasm);
    calculators.set(wasm, calculator);
  }
  return calculator;
}

/**
 * Runs a circuit's witness generator.
 *
 * @returns the witness in snarkjs's format (wtns), the values of the wires last
 * @throws Error if an assertion of the generator (every `===`) fails
 */
export async function witnessFile(wasm: Uint8Array | string, signals: object): Promise<Uint8Array> {
  const calculator = await calculatorOf(wasm);
  return calculator.calculateWTNSBin(signals as Record<string, unknown>);
}

/**
 * Runs a circuit's witness generator.
 * @returns the value of every wire, wire 0 being 1
 * @throws Error if an assertion of the generator (every `===`) fails
 */
export async function calculateWitness(wasm: Uint8Array | string, signals: object): Promise<bigint[]> {
  const file = await witnessFile(wasm, signals);
  return valuesOf(file, 0, wiresOf(file));
}

/** The public values of a contribution circuit's witness. @throws Error as {@link calculateWitness} */
export async function publicValues(wasm: Uint8Array | string, signals: object): Promise<bigint[]> {
  return valuesOf(await witnessFile(wasm, signals), 1, 1 + PUBLIC_VALUES);
}

/** Number of wires of a witness file: its values are the only section of unknown length, and the last. */
function wiresOf(file: Uint8Array): number {
  return new DataView(file.buffer, file.byteOffset).getUint32(12 + 12 + 4 + VALUE_BYTES, true);
}

/** Values of wires `from` to before `to`, which are little-endian. */
function valuesOf(file: Uint8Array, from: number, to: number): bigint[] {
  const begin = file.length - VALUE_BYTES * wiresOf(file);
  const view = new DataView(file.buffer, file.byteOffset + begin);
  return Array.from({ length: to - from }, (_, i) => {
    let value = 0n;
    for (let at = VALUE_BYTES - 8; at >= 0; at -= 8) {
      value = (value << 64n) | view.getBigUint64(VALUE_BYTES * (from + i) + at, true);
    }
    return value;
  });
}

/** How many templates the instance of a generator has named in its errors, all of which it repeats. */
const said = new Map<Uint8Array | string, number>();

/**
 * The template in whose assertion the witness generator stops; undefined if a witness exists.
 *
 * Generators also print that; it is kept off the console.
 */
export async function refusedBy(wasm: Uint8Array | string, signals: object): Promise<string | undefined> {
  const { error } = console;
  console.error = () => {};
  try {
    await witnessFile(wasm, signals);
    return undefined;
  } catch (cause) {
    // From the innermost template outwards, behind what the same instance has said before.
    const templates = [...String(cause).matchAll(/Error in template (\w+)_\d+ line/g)].map(
      ([, name]) => name!,
    );
    const before = said.get(wasm) ?? 0;
    said.set(wasm, templates.length);
    return templates[before] ?? String(cause);
  } finally {
    console.error = error;
  }
}
