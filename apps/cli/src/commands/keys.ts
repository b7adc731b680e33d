import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  decryptWallet,
  encryptWallet,
  type Identity,
  readIdentity,
  readKeystore,
  replaceWallet,
  rotateNodeKey,
  unlockWallet,
} from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { Command } from 'commander';
import { dataDirOf, type HomeOptions, homeOptions, runningPid } from '../environment/home.ts';
import { readKeystoreFile } from '../environment/keystore-file.ts';
import { otherPassword, passwordSource } from '../environment/password.ts';
import { alreadyThere, writeOutput } from '../output/check-output.ts';
import { fields, print, printJson } from '../output/table.ts';

/** `chorus keys`: the identity of this node. Private keys are never printed. */
export function keysCommand(): Command {
  const show = new Command('show')
    .description('show peer id, DID and wallet, and check both signatures')
    .addHelpText('after', '\nExample:\n  $ chorus keys show')
    .action(async (flags: HomeOptions) => tell(await identityOf(await dataDirOf(flags)), flags));
  const exportKeys = new Command('export')
    .description('write the wallet as an encrypted keystore (version 3), which other wallets can import')
    .requiredOption('-o, --output <file>', 'file to write; an existing file is not overwritten')
    .option(
      '--new-password',
      'encrypt it with another password, from the file that CHORUS_NEW_PASSWORD_FILE names, or asked for',
    )
    .addHelpText('after', '\nExample:\n  $ chorus keys export -o wallet.json')
    .action(exportAction);
  const importKeys = new Command('import')
    .description('replace the wallet by one from an encrypted keystore (the old wallet is kept as .old)')
    .argument('<keystore>', 'file: Web3 Secret Storage, version 3')
    .addHelpText(
      'after',
      '\nCHORUS_PASSWORD_FILE opens the keystore and encrypts the copy.\n\nExample:\n  $ chorus keys import wallet.json',
    )
    .action(importAction);
  const rotate = new Command('rotate-node')
    .description(
      'create a new libp2p key, and so a new peer id, attested by the wallet (the old key is kept as .old)',
    )
    .addHelpText('after', '\nExample:\n  $ chorus keys rotate-node')
    .action(async (flags: HomeOptions) => {
      const dataDir = await restingNode(flags);
      tell(await rotateNodeKey(dataDir, await unlockWallet(dataDir, await passwordSource()())), flags);
    });
  const command = new Command('keys').description('identity of this node: libp2p key and wallet');
  for (const sub of [show, exportKeys, importKeys, rotate]) command.addCommand(homeOptions(sub));
  return command;
}

async function identityOf(dataDir: string): Promise<Identity> {
  const identity = await readIdentity(dataDir);
  if (identity) return identity;
  throw new ChorusError('E_WALLET_MISSING', 'there is no identity in this folder', {
    facts: { folder: dataDir },
    hint: 'create a node with `chorus init`',
  });
}

function tell(identity: Identity, flags: HomeOptions): void {
  const lines = fields([
    ['peer id', identity.peerId],
    ['node', identity.did],
    ['wallet', identity.address],
    ['attested', `${new Date(identity.issuedAt * 1000).toISOString()}, both signatures hold`],
  ]);
  if (flags.json) printJson(identity);
  else print(lines);
}

async function exportAction(flags: HomeOptions & { output: string; newPassword?: boolean }): Promise<void> {
  const dataDir = await dataDirOf(flags);
  const path = resolve(flags.output);
  if (existsSync(path)) {
    throw alreadyThere(path);
  }
  let keystore = await readKeystore(dataDir);
  if (keystore === null) await identityOf(dataDir);
  if (flags.newPassword) {
    const wallet = await unlockWallet(dataDir, await passwordSource()());
    keystore = await encryptWallet(wallet, await otherPassword('Password for the copy'));
  }
  await writeOutput(path, `${keystore?.trim()}\n`, { mode: 0o600 });
  if (flags.json) printJson({ path });
  else print(`${path}: the wallet, encrypted`);
}

async function importAction(file: string, flags: HomeOptions): Promise<void> {
  const dataDir = await restingNode(flags);
  const keystore = await readKeystoreFile(file);
  const password = await passwordSource('Password of the keystore')();
  tell(await replaceWallet(dataDir, await decryptWallet(keystore, password), password), flags);
}

/**
 * The data folder of a node that is stopped and takes part in no task: the chain identifies members by peer id and
 * account.
 */
async function restingNode(flags: HomeOptions): Promise<string> {
  const pid = await runningPid(flags);
  if (pid !== null) {
    throw new ChorusError('E_NODE_BUSY', 'the node is running', {
      facts: { pid },
      hint: 'stop it first: chorus stop',
    });
  }
  const dataDir = await dataDirOf(flags);
  await identityOf(dataDir).catch((error: ChorusError) => {
    // These commands repair a folder whose keys do not belong together.
    if (error.code !== 'E_IDENTITY_FALSE') throw error;
  });
  const tasks = (await readdir(join(dataDir, 'tasks')).catch(() => [])).filter((name) => /^\d+$/.test(name));
  if (tasks.length === 0) return dataDir;
  throw new ChorusError('E_NODE_BUSY', 'the node takes part in tasks under its present keys', {
    facts: { tasks: tasks.join(', ') },
    hint: 'wait until they end; see `chorus task list`',
  });
}
