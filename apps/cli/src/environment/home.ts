import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AdminAccess, type AdminClient, readAdmin } from '@chorus/admin-api';
import { CONFIG_FILE, type LoadedConfig } from '@chorus/node/config';
import type { EventJson } from '@chorus/service-training';
import type { Command } from 'commander';
import { givenPath } from './environment.ts';
import { nodeClient } from './node-client.ts';
import { loadConfig, type NodeConfig } from './node-config.ts';

/** Options of every command that concerns a node of this machine. */
export interface HomeOptions {
  home?: string;
  json?: boolean;
}

/** Adds `--home` and `--json`. */
export function homeOptions(command: Command): Command {
  return command
    .option('--home <dir>', 'folder of the node (CHORUS_HOME, else ~/.chorus)')
    .option('--json', 'one JSON document on standard output');
}

/** The folder of the node that a command is about. */
export function homeOf({ home }: HomeOptions): string {
  if (home !== undefined) return resolve(givenPath(home, '--home'));
  const { CHORUS_HOME } = process.env;
  return resolve(CHORUS_HOME ? givenPath(CHORUS_HOME, 'CHORUS_HOME') : join(homedir(), '.chorus'));
}

export function configPathOf(options: HomeOptions): string {
  return join(homeOf(options), CONFIG_FILE);
}

/** The configuration of the node, with what the environment and `--set` change. */
export function configOf(
  options: HomeOptions,
  set: readonly string[] = [],
): Promise<LoadedConfig<NodeConfig>> {
  return loadConfig(configPathOf(options), { env: process.env, set });
}

/** The node's data folder: its home, unless the configuration names another. */
export async function dataDirOf(options: HomeOptions): Promise<string> {
  return existsSync(configPathOf(options)) ? (await configOf(options)).config.dataDir : homeOf(options);
}

/**
 * The admin API of the node that runs on this home.
 * @throws ChorusError `E_ADMIN_NOT_RUNNING`
 */
export async function connectNode(
  options: HomeOptions,
): Promise<AdminClient<EventJson> & { access: AdminAccess }> {
  const access = await readAdmin(await dataDirOf(options));
  return { ...nodeClient(access), access };
}

/** The process id of the node that runs on this home; null if none runs. */
export async function runningPid(options: HomeOptions): Promise<number | null> {
  return readAdmin(await dataDirOf(options)).then(
    ({ pid }) => pid,
    () => null,
  );
}
