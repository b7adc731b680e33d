import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { artifactUrl, CONTRACTS, SETTINGS } from './compile.ts';

const PACKAGE = new URL('../../', import.meta.url);
const require = createRequire(import.meta.url);

/** What the artifacts were compiled from, and what they are: sha256, in hexadecimal. */
export interface BuildDigest {
  /** Of the sources, the compiler with its settings, and the libraries with their versions. */
  inputs: string;
  artifacts: string;
}

/** File beside the artifacts that the build writes, and commits say to be true. */
export const DIGEST_URL = new URL('artifacts.sha256.json', PACKAGE);

/**
 * The digest of the sources and artifacts in this folder. Compiling takes a minute or more and this takes none, so tests
 * compare digests; `artifacts.slow.ts` compiles.
 */
export function currentDigest(): BuildDigest {
  const folder = new URL('contracts/', PACKAGE);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sol'))
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
  const inputs = createHash('sha256').update(JSON.stringify([CONTRACTS, SETTINGS]));
  for (const library of ['solc', '@openzeppelin/contracts']) {
    inputs.update(`${library} ${require(`${library}/package.json`).version}\n`);
  }
  // What it takes of the compiler's output.
  inputs.update(readFileSync(new URL('compile.ts', import.meta.url)));
  for (const file of sources) inputs.update(`${file}\n`).update(readFileSync(new URL(file, folder)));
  const artifacts = createHash('sha256');
  for (const name of CONTRACTS)
    artifacts.update(readFileSync(artifactUrl(name.slice(name.lastIndexOf('/') + 1))));
  return { inputs: inputs.digest('hex'), artifacts: artifacts.digest('hex') };
}
