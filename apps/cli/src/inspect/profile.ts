import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import envPaths from 'env-paths';
import { z } from 'zod';

/** The profile of a kept network within its folder. */
const PROFILE_FILE = 'network.json';

/** The development chain of a kept network within its folder, as anvil writes it. */
export const CHAIN_STATE_FILE = 'chain.json';

/** File with the summaries of settled rounds, within a kept network's folder. */
export const SUMMARIES_FILE = 'summaries.json';

/** A profile is a few hundred bytes plus a line per trainer. */
const MAX_PROFILE_BYTES = 64 * 1024;

const address = z.string().regex(/^0x[0-9a-f]{40}$/) as z.ZodType<`0x${string}`>;
/** A path inside the network's own folder. */
const inside = z.string().regex(/^(?!.*\.\.)[\w.-][\w./-]*$/, 'must be a path inside the folder');

const profileSchema = z.strictObject({
  version: z.literal(2),
  chainId: z.number().int().positive(),
  contract: address,
  token: address,
  /** The task the demo ran. */
  taskId: z.string().regex(/^\d{1,20}$/),
  /** The chain's state, an anvil state file. */
  chainState: inside,
  /** The requester's block store. */
  blocks: inside,
  /** The summaries of its settled rounds. */
  summaries: inside,
  /** The final model on IPFS. */
  modelCid: z.string().max(120).nullable(),
  /** The names of the members. */
  names: z.array(z.strictObject({ address, name: z.string().max(64) })).max(256),
});

/** Everything a command needs to open a network that `chorus demo --keep` kept. */
export type NetworkProfile = z.infer<typeof profileSchema>;

export async function writeProfile(folder: string, profile: NetworkProfile): Promise<void> {
  const text = JSON.stringify(profileSchema.parse(profile), null, 2);
  await writeFile(join(folder, PROFILE_FILE), `${text}\n`);
}

/** @throws ChorusError `E_PROFILE` */
export async function readProfile(folder: string): Promise<NetworkProfile> {
  const path = join(resolve(folder), PROFILE_FILE);
  const unusable = (message: string, cause?: unknown) =>
    new ChorusError('E_PROFILE', message, {
      facts: { path },
      hint: 'give --network the folder that `chorus demo --keep` named',
      cause,
    });
  let value: unknown;
  try {
    const text = await readFile(path, 'utf8');
    if (text.length > MAX_PROFILE_BYTES) throw new Error('the file is too long');
    value = JSON.parse(text);
  } catch (cause) {
    throw unusable('there is no kept network in this folder', cause);
  }
  const parsed = profileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unusable(`the profile is damaged at ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Remembers which network was kept last: commands open it if none is named. */
function lastNetworkFile(): string {
  return join(envPaths('chorus', { suffix: '' }).data, 'last-network');
}

export async function rememberNetwork(folder: string): Promise<void> {
  const path = lastNetworkFile();
  await makeFolder(join(path, '..'));
  await writeFile(path, `${folder}\n`);
}

/** The folder of the network kept last; null if no network was kept, or its folder is gone. */
export async function lastNetwork(): Promise<string | null> {
  const folder = (await readFile(lastNetworkFile(), 'utf8').catch(() => '')).trim();
  return folder && existsSync(join(folder, PROFILE_FILE)) ? folder : null;
}
