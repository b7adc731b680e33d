import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';

const SNAPSHOT = new URL('../../packages/contracts/gas.json', import.meta.url);

/** Gas varies by a few units with the zero bytes of points and hashes in the input. */
const TOLERANCE = 0.01;

/**
 * Expect these transactions to cost what the committed snapshot says. `CHORUS_UPDATE_GAS=1` writes it again.
 * @param measured gas by transaction, in words
 */
export function expectGas(measured: Readonly<Record<string, bigint>>): void {
  const snapshot = JSON.parse(readFileSync(SNAPSHOT, 'utf8')) as Record<string, number>;
  if (process.env.CHORUS_UPDATE_GAS) {
    for (const [name, amount] of Object.entries(measured)) snapshot[name] = Number(amount);
    writeFileSync(SNAPSHOT, `${JSON.stringify(snapshot, null, 2)}\n`);
  }
  for (const [name, amount] of Object.entries(measured)) {
    const committed = snapshot[name];
    expect(committed, `${name} is in the snapshot`).toBeDefined();
    const ratio = Number(amount) / committed!;
    expect(Math.abs(ratio - 1), `${name}: ${amount} gas, snapshot ${committed}`).toBeLessThan(TOLERANCE);
  }
}
