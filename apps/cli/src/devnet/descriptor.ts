import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Address, ChorusError } from '@chorus/protocol';
import { isAlive } from '@chorus/utils';
import envPaths from 'env-paths';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';

/** File that describes a devnet, within the devnet's folder. */
const DEVNET_FILE = 'devnet.json';

const address = z.string().regex(/^0x[0-9a-f]{40}$/) as z.ZodType<Address>;

const devnetSchema = z.strictObject({
  version: z.literal(1),
  chainId: z.number().int().positive(),
  rpc: z.url(),
  /** Addresses of the contracts; more may follow. */
  deployment: z.looseObject({ chainId: z.number().int(), taskManager: address, token: address }),
  bootstrap: z.array(z.string()).min(1),
  nodes: z.array(
    z.strictObject({
      name: z.string(),
      roles: z.array(z.enum(['trainer', 'validator', 'aggregator'])),
      address,
      peerId: z.string(),
      home: z.string(),
    }),
  ),
  /** A data folder with digits for one additional trainer. */
  sampleData: z.string(),
  /** The devnet's supervising process; null while the devnet is down. */
  pid: z.number().int().positive().nullable(),
});

/** A persistent network on this machine. */
export type DevnetDescriptor = z.infer<typeof devnetSchema>;

/** Default folder of the devnet. */
export function devnetFolder(folder?: string): string {
  return resolve(
    folder ?? process.env.CHORUS_DEVNET ?? join(envPaths('chorus', { suffix: '' }).data, 'devnet'),
  );
}

export async function writeDevnet(folder: string, devnet: DevnetDescriptor): Promise<void> {
  const text = JSON.stringify(devnetSchema.parse(devnet), null, 2);
  await writeFileAtomic(join(folder, DEVNET_FILE), `${text}\n`, { mode: 0o600 });
}

/** The devnet of a folder; null if none was ever started there. */
export async function findDevnet(folder?: string): Promise<DevnetDescriptor | null> {
  const path = join(devnetFolder(folder), DEVNET_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const devnet = devnetSchema.parse(JSON.parse(text));
    return { ...devnet, pid: devnet.pid !== null && isAlive(devnet.pid) ? devnet.pid : null };
  } catch (cause) {
    throw new ChorusError('E_DEVNET_FILE', "the devnet's file is damaged", {
      facts: { path },
      hint: 'delete the folder and run `chorus devnet up` again',
      cause,
    });
  }
}

/**
 * The running devnet of a folder.
 * @throws ChorusError `E_DEVNET_DOWN`
 */
export async function readDevnet(folder?: string): Promise<DevnetDescriptor> {
  const devnet = await findDevnet(folder);
  if (devnet && devnet.pid !== null) return devnet;
  throw new ChorusError('E_DEVNET_DOWN', 'no devnet runs on this machine', {
    facts: { folder: devnetFolder(folder) },
    hint: 'start one with `chorus devnet up`',
  });
}
