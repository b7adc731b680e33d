/**
 * Writes the vectors of the wire protocol (docs/reference/protocol.md): what every implementation must encode and decode alike.
 * Run: node --conditions=@chorus/source test/vectors/protocol/generate.ts
 */
import { writeFileSync } from 'node:fs';
import { protocolVectors } from './vectors.ts';

for (const [name, value] of Object.entries(await protocolVectors())) {
  writeFileSync(new URL(name, import.meta.url), `${JSON.stringify(value, null, 1)}\n`);
}
