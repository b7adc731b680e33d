import { mkdirSync, writeFileSync } from 'node:fs';
import { artifactUrl, compileContracts, keySourceUrl, verifyingKey } from './compile.ts';
import { renderKey } from './verifying-key.ts';

// `pnpm --filter @chorus/contracts build`: compile and write the artifacts that are committed.
writeFileSync(keySourceUrl(), renderKey(verifyingKey()));
mkdirSync(new URL('.', artifactUrl('')), { recursive: true });
for (const artifact of compileContracts()) {
  writeFileSync(artifactUrl(artifact.contractName), `${JSON.stringify(artifact, null, 1)}\n`);
  console.log(`${artifact.contractName}: ${(artifact.deployedBytecode.length - 2) / 2} bytes`);
}
