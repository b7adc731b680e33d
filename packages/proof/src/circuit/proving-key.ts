import { BASE_ORDER, FIELD_BYTES, G1_BYTES, G2_BYTES, SCALAR_ORDER } from '@chorus/commitment/engine';
import { ChorusError } from '@chorus/protocol';

/** A range of the key's file: [from, to). */
export type Range = readonly [from: number, to: number];

/**
 * Ranges of the parts of a Groth16 proving key in its file, in snarkjs's format (.zkey): numbers little-endian,
 * points affine with coordinates in Montgomery form. One point per wire, unless stated otherwise.
 */
export interface ProvingKeyLayout {
  /** Wires of the circuit, wire 0 being the constant 1. */
  readonly wires: number;
  /** Public signals: wires 1 to this number. */
  readonly publicSignals: number;
  /** 2^log2Domain values make a polynomial: at least one for each constraint. */
  readonly log2Domain: number;
  readonly alpha1: Range;
  readonly beta1: Range;
  readonly beta2: Range;
  readonly delta1: Range;
  readonly delta2: Range;
  /** Entries of the matrices A and B, {@link COEFFICIENT_BYTES} each. */
  readonly coefficients: Range;
  readonly a: Range;
  readonly b1: Range;
  readonly b2: Range;
  /** Only wires that are neither constant nor public. */
  readonly c: Range;
  /** One point per value of the quotient. */
  readonly h: Range;
}

/** An entry of a matrix: which matrix (0 = A, 1 = B), row and wire in 4 bytes each; the value times 2^512 mod p. */
export const COEFFICIENT_BYTES = 12 + FIELD_BYTES;

/** Larger circuits would not fit a worker's memory of 4 GiB. */
const MAX_LOG2_DOMAIN = 22;
const GROTH16 = 1;

/**
 * Reads the layout of a proving key, and checks that every part is present and as long as the header says, and that
 * every index stays inside the circuit: no file can make the prover read or write outside its arrays.
 *
 * NOTE: points are not checked. A key with wrong points makes proofs that do not verify, and the prover checks its
 * own proofs.
 *
 * @throws ChorusError `E_PROVING_KEY`
 */
export function parseProvingKey(file: Uint8Array): ProvingKeyLayout {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const sections = readSections(file, view);
  const part = (id: number, name: string): Range => {
    const range = sections.get(id);
    if (range === undefined) throw refuse(`it has no section ${id} (${name})`, { section: id });
    return range;
  };
  const sized = (id: number, name: string, bytes: number): Range => {
    const range = part(id, name);
    if (range[1] - range[0] !== bytes) {
      const facts = { section: id, bytes: range[1] - range[0], expected: bytes };
      throw refuse(`the length of its section ${id} (${name}) differs from its header`, facts);
    }
    return range;
  };

  const [protocolAt] = sized(1, 'protocol', 4);
  const protocol = view.getUint32(protocolAt, true);
  if (protocol !== GROTH16) throw refuse('it is not a Groth16 key', { protocol });
  const headerBytes = 2 * (4 + FIELD_BYTES) + 12 + 3 * G1_BYTES + 3 * G2_BYTES;
  let [at] = sized(2, 'header', headerBytes);
  for (const order of [BASE_ORDER, SCALAR_ORDER]) {
    const bytes = view.getUint32(at, true);
    if (bytes !== FIELD_BYTES || readInteger(view, at + 4) !== order) throw refuse('its curve is not BN254');
    at += 4 + FIELD_BYTES;
  }
  const [wires, publicSignals, domain] = [0, 4, 8].map((offset) => view.getUint32(at + offset, true)) as [
    number,
    number,
    number,
  ];
  at += 12;
  const log2Domain = 31 - Math.clz32(domain);
  if (domain !== 2 ** log2Domain || log2Domain > MAX_LOG2_DOMAIN) {
    throw refuse(`its domain is not a power of two up to 2^${MAX_LOG2_DOMAIN}`, { domain });
  }
  if (publicSignals >= wires) throw refuse('it has more public signals than wires', { publicSignals, wires });
  const take = (bytes: number): Range => {
    at += bytes;
    return [at - bytes, at];
  };
  const [alpha1, beta1, beta2] = [take(G1_BYTES), take(G1_BYTES), take(G2_BYTES)];
  take(G2_BYTES); // gamma, which only verifiers need
  const [delta1, delta2] = [take(G1_BYTES), take(G2_BYTES)];
  return {
    wires,
    publicSignals,
    log2Domain,
    alpha1,
    beta1,
    beta2,
    delta1,
    delta2,
    coefficients: checkCoefficients(view, part(4, 'coefficients'), wires, domain),
    a: sized(5, 'A', wires * G1_BYTES),
    b1: sized(6, 'B in G1', wires * G1_BYTES),
    b2: sized(7, 'B in G2', wires * G2_BYTES),
    c: sized(8, 'C', (wires - publicSignals - 1) * G1_BYTES),
    h: sized(9, 'H', domain * G1_BYTES),
  };
}

function readSections(file: Uint8Array, view: DataView): Map<number, Range> {
  if (file.length < 12 || Buffer.from(file.subarray(0, 4)).toString('latin1') !== 'zkey') {
    throw refuse('it is not a .zkey file', { bytes: file.length });
  }
  const version = view.getUint32(4, true);
  if (version !== 1) throw refuse('its format has another version', { version, expected: 1 });
  const sections = new Map<number, Range>();
  let at = 12;
  for (let left = view.getUint32(8, true); left > 0; left--) {
    if (at + 12 > file.length)
      throw refuse('it ends early', { bytes: file.length, missing: `${left} sections` });
    const id = view.getUint32(at, true);
    const length = view.getBigUint64(at + 4, true);
    at += 12;
    if (length > BigInt(file.length - at)) {
      throw refuse('it ends early', { bytes: file.length, section: id, needs: String(BigInt(at) + length) });
    }
    if (sections.has(id)) throw refuse('it has a section twice', { section: id });
    sections.set(id, [at, at + Number(length)]);
    at += Number(length);
  }
  return sections;
}

function checkCoefficients(view: DataView, [from, to]: Range, wires: number, domain: number): Range {
  const count = to - from < 4 ? -1 : view.getUint32(from, true);
  if (to - from !== 4 + count * COEFFICIENT_BYTES) {
    throw refuse('the length of its section 4 (coefficients) differs from its header', {
      section: 4,
      bytes: to - from,
    });
  }
  for (let at = from + 4; at < to; at += COEFFICIENT_BYTES) {
    const [matrix, row, wire] = [0, 4, 8].map((offset) => view.getUint32(at + offset, true)) as [
      number,
      number,
      number,
    ];
    if (matrix > 1 || row >= domain || wire >= wires) {
      const entry = (at - from - 4) / COEFFICIENT_BYTES;
      throw refuse('a coefficient is outside the circuit', { entry, matrix, row, wire });
    }
  }
  return [from + 4, to];
}

function readInteger(view: DataView, at: number): bigint {
  let value = 0n;
  for (let k = 3; k >= 0; k--) value = (value << 64n) | view.getBigUint64(at + 8 * k, true);
  return value;
}

function refuse(reason: string, facts: Record<string, number | string> = {}): ChorusError {
  return new ChorusError('E_PROVING_KEY', `the proving key cannot be used: ${reason}`, {
    facts,
    hint: 'the file may be incomplete or of another circuit; compare its SHA-256 with the one in the transcript next to it',
  });
}
