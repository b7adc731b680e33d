import { join } from 'node:path';
import { writeSummaries } from '@chorus/inspector';
import { CHAIN_STATE_FILE, rememberNetwork, SUMMARIES_FILE, writeProfile } from '../inspect/profile.ts';
import type { DemoNetwork } from './network.ts';

export interface KeepOptions {
  folder: string;
  network: DemoNetwork;
  taskId: bigint;
  modelCid: string | null;
}

/** Keep the network so that it can be inspected after every process has ended. */
export async function keepNetwork({ folder, network, taskId, modelCid }: KeepOptions): Promise<void> {
  await keepSummaries(folder, network, taskId);
  await writeProfile(folder, {
    version: 2,
    chainId: network.devnet.chainId,
    contract: network.deployment.taskManager,
    token: network.deployment.token,
    taskId: taskId.toString(),
    chainState: CHAIN_STATE_FILE,
    blocks: 'requester/blocks',
    summaries: SUMMARIES_FILE,
    modelCid,
    names: network.nodes.map(({ address, name }) => ({ address, name })),
  });
  await rememberNetwork(folder);
}

/** What the requester's node has checked of the task's rounds: enough to explain each reward. */
async function keepSummaries(folder: string, { requester }: DemoNetwork, taskId: bigint): Promise<void> {
  const { round: last } = await requester.ports.chain.task(taskId);
  const summaries = Array.from({ length: last }, (_, i) => i + 1).flatMap((round) => {
    const summary = requester.services.training.journal.summary(taskId, round);
    return summary ? [{ taskId, round, summary }] : [];
  });
  await writeSummaries(join(folder, SUMMARIES_FILE), summaries);
}
