import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import {
  CONFIG_FILE,
  createIdentity,
  decryptWallet,
  IDENTITY_FILE,
  type Identity,
  KEYSTORE_FILE,
  NODE_KEY_FILE,
} from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { addData, DATA_FILE } from '@chorus/service-training';
import { makeFolder } from '@chorus/utils';
import writeFileAtomic from 'write-file-atomic';
import { DEPLOYMENT_FILE } from '../chain/deployment.ts';
import { fundAccount } from '../devnet/fund.ts';
import { readKeystoreFile } from '../environment/keystore-file.ts';
import { renderConfig } from '../environment/node-config.ts';
import { configValues, type InitAnswers, type NodeRole, planNetwork, stakePlan } from './plan.ts';

export interface InitOptions {
  home: string;
  answers: InitAnswers;
  /** A keystore to import the wallet from; by default a new wallet is created. */
  importWallet?: string;
  /** Functions that ask for the password of the imported keystore and for that of the new wallet. */
  password: { imported: () => Promise<string>; wallet: () => Promise<string> };
  /** Called with a text before each step that takes a moment. */
  onWork?: (text: string) => void;
}

export interface InitResult {
  home: string;
  identity: Identity;
  config: string;
  /** What the devnet gave to the wallet, in the token's smallest unit. */
  funded: bigint;
  data: string | null;
  /** What the node may stake; null: nothing. */
  stake: ReturnType<typeof stakePlan>;
  /** The network is one of this machine, with a token that is worth nothing. */
  devnet: boolean;
}

/**
 * Create a node's folder: identity, configuration, and on a devnet some money and data. Either everything exists
 * afterwards or nothing.
 *
 * @throws ChorusError `E_EXISTS` if the folder already has a node
 */
export async function initNode(options: InitOptions): Promise<InitResult> {
  const { home, answers, importWallet, password } = options;
  refuseExisting(home);
  const network = await planNetwork(answers);
  const stake = stakePlan(answers, network);
  const wallet = importWallet
    ? await decryptWallet(await readKeystoreFile(importWallet), await password.imported())
    : undefined;
  const secret = await password.wallet();
  options.onWork?.('Creating keys and wallet');
  const isNew = !existsSync(home);
  try {
    await makeFolder(home, 0o700);
    const identity = await createIdentity(home, secret, wallet ? { wallet } : {});
    const data = await registerData(home, answers.data ?? network.devnet?.sampleData, answers.roles);
    if (network.deployment !== null) {
      await writeFileAtomic(join(home, DEPLOYMENT_FILE), `${network.deployment.trim()}\n`, { mode: 0o600 });
    }
    const funded = network.devnet ? await fundAccount(network.devnet, identity.address) : 0n;
    const config = join(home, CONFIG_FILE);
    const values = { ...configValues(answers, network), ...(data === null ? {} : { 'training.data': data }) };
    // Written last: with this file the node can start.
    await writeFileAtomic(config, renderConfig(values), { mode: 0o600 });
    return { home, identity, config, funded, data, stake, devnet: network.devnet !== null };
  } catch (error) {
    if (isNew) await rm(home, { recursive: true, force: true });
    else for (const name of FILES) await rm(join(home, name), { force: true });
    throw error;
  }
}

/** The files that `init` creates. */
const FILES = [CONFIG_FILE, IDENTITY_FILE, KEYSTORE_FILE, NODE_KEY_FILE, DATA_FILE, DEPLOYMENT_FILE];

/** @throws ChorusError `E_EXISTS` if the folder already has a node */
export function refuseExisting(home: string): void {
  const found = FILES.find((name) => existsSync(join(home, name)));
  if (found === undefined) return;
  throw new ChorusError('E_EXISTS', 'this folder already has a node', {
    facts: { folder: home, found },
    hint: 'start it with `chorus start`, or choose another folder with --home',
  });
}

/** Register the first data of a node, named after its folder or file; null if it has none yet. */
async function registerData(
  home: string,
  path: string | undefined,
  roles: readonly NodeRole[],
): Promise<string | null> {
  if (path === undefined || !roles.some((role) => role !== 'aggregator')) return null;
  const name = basename(resolve(path), extname(path))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return (await addData(home, name || 'data', path)).name;
}
