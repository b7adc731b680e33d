import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIdentity } from '@chorus/node';
import { create } from 'tar';
import writeFileAtomic from 'write-file-atomic';
import { VERSION } from '../environment/version.ts';
import { alreadyThere, unwritable } from '../output/check-output.ts';
import { describeFile, filesIn, MANIFEST_FILE, type Manifest } from './manifest.ts';

/** Files of a running process, or files that only help a reader. */
const LEFT_OUT = /^(?:logs\/.*|\.cache\/.*|samples\/.*|admin\.json|.*\.pid|.*\.new|backup\.json)$/;
/** Blocks are large and available from other nodes: the backup leaves them out unless asked for. */
const BLOCKS = /^blocks\//;

export interface ExportOptions {
  dataDir: string;
  /** File to write; must not exist. */
  output: string;
  withBlocks: boolean;
}

/**
 * Write a backup of a node that does not run: a tar.gz with a manifest of every file and its sha256. The wallet
 * stays encrypted in it; the libp2p key is not, so the file is its owner's alone.
 *
 * @throws ChorusError `E_EXISTS`, `E_IDENTITY_FALSE` if the identity in the folder does not verify
 */
export async function exportNode({ dataDir, output, withBlocks }: ExportOptions): Promise<Manifest> {
  if (existsSync(output)) {
    throw alreadyThere(output);
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
    // The backup holds the libp2p key: only the owner may read it from the first byte on. A file left by a crash may
    // be readable by others.
    await rm(partial, { force: true });
    const archive = { gzip: true, cwd: dataDir, file: partial, portable: true, mode: 0o600 };
    await create(archive, [MANIFEST_FILE, ...paths]).catch((cause) => {
      throw unwritable(output, cause);
    });
    await rename(partial, output);
  } finally {
    await rm(written, { force: true });
    await rm(partial, { force: true });
  }
  return manifest;
}
