import { mkdirSync, writeFileSync } from 'node:fs';
import {
  artifactUrl,
  compileContracts,
  KEY_LIBRARIES,
  keyLibrary,
  keySourceUrl,
  type VerifiedRule,
} from './compile.ts';
import { currentDigest, DIGEST_URL } from './digest.ts';

// `pnpm --filter @chorus/contracts build`: compile and write the artifacts that are committed.
for (const rule of Object.keys(KEY_LIBRARIES) as VerifiedRule[]) {
  writeFileSync(keySourceUrl(rule), keyLibrary(rule));
}
mkdirSync(new URL('.', artifactUrl('')), { recursive: true });
for (const artifact of compileContracts()) {
  writeFileSync(artifactUrl(artifact.contractName), `${JSON.stringify(artifact, null, 1)}\n`);
  console.log(`${artifact.contractName}: ${(artifact.deployedBytecode.length - 2) / 2} bytes`);
}
writeFileSync(DIGEST_URL, `${JSON.stringify(currentDigest(), null, 2)}\n`);
