/// <reference path="./webassembly.d.ts" />
import { FIELD_BYTES, SCALAR_ORDER } from '@chorus/commitment/engine';
import { ChorusError } from '@chorus/protocol';

/** Input signals by name; numbers mod p. */
export type Signals = Readonly<Record<string, bigint | readonly bigint[]>>;

/** The exports of a witness generator by circom 2. */
interface GeneratorExports {
  init(sanityCheck: number): void;
  getVersion(): number;
  getFieldNumLen32(): number;
  getRawPrime(): void;
  getWitnessSize(): number;
  getInputSize(): number;
  getInputSignalSize(hashHigh: number, hashLow: number): number;
  setInputSignal(hashHigh: number, hashLow: number, index: number): void;
  getWitness(wire: number): void;
  readSharedRWMemory(word: number): number;
  writeSharedRWMemory(word: number, value: number): void;
  getMessageChar(): number;
}

const WORDS = FIELD_BYTES / 4;

/** Meaning of the generator's exception codes (circom 2). */
const EXCEPTIONS: Record<number, string> = {
  1: 'the circuit has no such input signal',
  2: 'an input signal has too many values',
  3: 'an input signal is given twice',
  4: 'an assertion failed',
  5: 'the generator is out of memory',
  6: 'an index is outside an input signal',
};

/**
 * Calculates witnesses with a circuit's compiled generator, which is compiled once. Synchronous, for worker threads.
 */
export class WitnessCalculator {
  /** Wires of the circuit. */
  readonly wires: number;
  private readonly module: WebAssembly.Module;
  private exports: GeneratorExports;
  /** Messages of the generator before it stopped: templates and lines. */
  private said: string[] = [];

  /**
   * @param code a WebAssembly module by circom 2
   * @throws ChorusError `E_WITNESS_GENERATOR` for anything else
   */
  constructor(code: Uint8Array) {
    try {
      this.module = new WebAssembly.Module(code);
      this.exports = this.instantiate();
      this.wires = this.exports.getWitnessSize();
    } catch (cause) {
      throw unusable('it is not a WebAssembly module by circom 2', cause);
    }
    if (this.exports.getVersion() !== 2) throw unusable('it is not by circom 2');
    this.exports.getRawPrime();
    if (this.exports.getFieldNumLen32() !== WORDS || this.readShared() !== SCALAR_ORDER) {
      throw unusable("its field is not BN254's scalar field");
    }
  }

  /**
   * Writes every wire's value to `output`: canonical, 32 bytes each, little-endian.
   * @throws ChorusError `E_CIRCUIT` if no witness exists, or signals are missing or unknown
   */
  calculate(signals: Signals, output: Uint32Array): void {
    this.said = [];
    try {
      this.exports.init(0);
      let given = 0;
      for (const [name, values] of Object.entries(signals)) given += this.setInput(name, values);
      if (given !== this.exports.getInputSize()) {
        throw new Error(`${given} values are given, the circuit has ${this.exports.getInputSize()} inputs`);
      }
      for (let wire = 0; wire < this.wires; wire++) {
        this.exports.getWitness(wire);
        for (let k = 0; k < WORDS; k++) output[wire * WORDS + k] = this.exports.readSharedRWMemory(k);
      }
    } catch (cause) {
      // An exception leaves a generator in the middle of its work.
      this.exports = this.instantiate();
      const reason = [cause instanceof Error ? cause.message : String(cause), ...this.said].join(': ');
      throw new ChorusError('E_CIRCUIT', 'the circuit has no proof for these values', {
        facts: { reason: reason.slice(0, 300) },
        hint: 'weights and shares must be exactly those of the rule for this Gram matrix',
      });
    }
  }

  private setInput(name: string, values: bigint | readonly bigint[]): number {
    const hash = fnv1a(name);
    const [high, low] = [Number(hash >> 32n) | 0, Number(hash & 0xffffffffn) | 0];
    const list = typeof values === 'bigint' ? [values] : values;
    const size = this.exports.getInputSignalSize(high, low);
    if (size !== list.length) {
      throw new Error(`signal ${name} has ${Math.max(0, size)} values, not ${list.length}`);
    }
    for (const [index, value] of list.entries()) {
      const rest = value % SCALAR_ORDER;
      const scalar = rest < 0n ? rest + SCALAR_ORDER : rest;
      for (let k = 0; k < WORDS; k++) {
        const word = Number((scalar >> BigInt(32 * k)) & 0xffffffffn);
        this.exports.writeSharedRWMemory(k, word | 0);
      }
      this.exports.setInputSignal(high, low, index);
    }
    return list.length;
  }

  private readShared(): bigint {
    let value = 0n;
    for (let k = WORDS - 1; k >= 0; k--) {
      value = (value << 32n) | BigInt(this.exports.readSharedRWMemory(k) >>> 0);
    }
    return value;
  }

  private instantiate(): GeneratorExports {
    const message = (): void => {
      let text = '';
      for (let c = this.exports.getMessageChar(); c !== 0; c = this.exports.getMessageChar()) {
        text += String.fromCharCode(c);
      }
      if (text.trim() !== '') this.said.push(text.trim());
    };
    const runtime = {
      exceptionHandler: (code: number): void => {
        throw new Error(EXCEPTIONS[code] ?? `exception ${code}`);
      },
      printErrorMessage: message,
      // Output of `log` in a circuit.
      writeBufferMessage: () => {},
      showSharedRWMemory: () => {},
    };
    return new WebAssembly.Instance(this.module, { runtime }).exports as unknown as GeneratorExports;
  }
}

/** The 64-bit FNV-1a hash by which circom names input signals. */
function fnv1a(name: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(name)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

function unusable(reason: string, cause?: unknown): ChorusError {
  return new ChorusError('E_WITNESS_GENERATOR', `the witness generator cannot be used: ${reason}`, {
    cause,
    hint: 'the file may be incomplete or of another circuit; compare its SHA-256 with the one in the transcript next to it',
  });
}
