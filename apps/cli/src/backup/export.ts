import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIdentity } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { create } from 'tar';
import writeFileAtomic from 'write-file-atomic';
import { VERSION } from '../environment/version.ts';
import { describeFile, filesIn, MANIFEST_FILE, type Manifest } from './manifest.ts';

/** Of a running node, or there for looking at alone. */
const LEFT_OUT = /^(?:logs\/.*|\.cache\/.*|admin\.json|.*\.pid|.*\.new|backup\.json)$/;
/** Blocks can be had from others again: they are large and left out unless asked for. */
const BLOCKS = /^blocks\//;

export interface ExportOptions {
  dataDir: string;
  /** File to write; must not be there. */
  output: string;
  withBlocks: boolean;
}

/**
 * Write a backup of a node that does not run: a tar.gz with a manifest of every file and its sha256. The wallet
 * stays encrypted in it; the libp2p key is not, so the file is its owner's alone.
 *
 * @throws ChorusError `E_EXISTS`, `E_IDENTITY_FALSE` where the folder is not worth keeping
 */
export async function exportNode({ dataDir, output, withBlocks }: ExportOptions): Promise<Manifest> {
  if (existsSync(output)) {
    throw new ChorusError('E_EXISTS', 'the file exists and is left alone', { facts: { path: output } });
  }
  const identity = await readIdentity(dataDir);
  const paths = (await filesIn(dataDir)).filter(
    (path) => !LEFT_OUT.test(path) && (withBlocks || !BLOCKS.test(path)),
  );
  const files = [];
  for (const path of paths) files.push(await describeFile(dataDir, path));
  const manifest: Manifest = {
    version: 1,
    createdAt: new Date().toISOString(),
    program: `chorus ${VERSION}`,
    node: identity && { peerId: identity.peerId, address: identity.address },
    files,
  };
  const written = join(dataDir, MANIFEST_FILE);
  const partial = `${output}.partial`;
  try {
    await writeFileAtomic(written, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    // The libp2p key is in it: the file is its owner's from the first byte on. One left by a crash may not be.
    await rm(partial, { force: true });
    const archive = { gzip: true, cwd: dataDir, file: partial, portable: true, mode: 0o600 };
    await create(archive, [MANIFEST_FILE, ...paths]);
    await rename(partial, output);
  } finally {
    await rm(written, { force: true });
    await rm(partial, { force: true });
  }
  return manifest;
}
