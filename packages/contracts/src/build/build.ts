import { mkdirSync, writeFileSync } from 'node:fs';
import {
  artifactUrl,
  compileContracts,
  KEY_LIBRARIES,
  keyLibrary,
  keySourceUrl,
  type VerifiedRule,
} from './compile.ts';

// `pnpm --filter @chorus/contracts build`: compile and write the artifacts that are committed.
for (const rule of Object.keys(KEY_LIBRARIES) as VerifiedRule[]) {
  writeFileSync(keySourceUrl(rule), keyLibrary(rule));
}
mkdirSync(new URL('.', artifactUrl('')), { recursive: true });
for (const artifact of compileContracts()) {
  writeFileSync(artifactUrl(artifact.contractName), `${JSON.stringify(artifact, null, 1)}\n`);
  console.log(`${artifact.contractName}: ${(artifact.deployedBytecode.length - 2) / 2} bytes`);
}
