import { existsSync } from 'node:fs';
import { sameAddress } from '@chorus/protocol';
import { shellWord } from '../environment/environment.ts';
import { configOf, configPathOf, homeOf, runningPid } from '../environment/home.ts';
import type { DevnetDescriptor } from './descriptor.ts';

/** The user's own node, which is no part of a devnet but works on its chain. */
export interface OwnNode {
  home: string;
  running: boolean;
}

/** The node of the usual home, if it works on this devnet; null if it does not, or its configuration cannot be read. */
export async function ownNodeOn(devnet: DevnetDescriptor): Promise<OwnNode | null> {
  if (!existsSync(configPathOf({}))) return null;
  const loaded = await configOf({}).catch(() => null);
  if (!loaded) return null;
  const { url, contract } = loaded.config.chain;
  if (url !== devnet.rpc || !sameAddress(contract, devnet.deployment.taskManager)) return null;
  return { home: homeOf({}), running: (await runningPid({})) !== null };
}

/** What to do with a node whose chain is gone: another devnet has another chain. */
export function orphanLines({ home, running }: OwnNode): string[] {
  const folder = shellWord(home);
  return [
    `your node in ${home} worked on it: its chain, data and stake are gone, and a new devnet will not know it`,
    ...(running ? [`stop it:         chorus stop --home ${folder}`] : []),
    `put it aside:    mv ${folder} ${folder}.old`,
    'make another:    chorus devnet up && chorus init --network devnet',
  ];
}
