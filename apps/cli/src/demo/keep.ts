import { cidFromDigest, openedReferences, payloadBytes, sameAddress } from '@chorus/protocol';
import { CHAIN_STATE_FILE, rememberNetwork, writeProfile } from '../inspect/profile.ts';
import { machineFactor } from '../machine.ts';
import type { DemoNetwork } from './network.ts';

/** Time for one payload that the requester does not have yet, on a quiet machine; its author may be dead. */
const FETCH_MILLISECONDS = 5_000;

export interface KeepOptions {
  folder: string;
  network: DemoNetwork;
  taskId: bigint;
  modelCid: string | null;
}

/** Leave the network so that it can be inspected when every process has ended. */
export async function keepNetwork({ folder, network, taskId, modelCid }: KeepOptions): Promise<void> {
  await fetchVectors(network, taskId);
  await writeProfile(folder, {
    version: 1,
    chainId: network.devnet.chainId,
    contract: network.deployment.taskManager,
    token: network.deployment.token,
    taskId: taskId.toString(),
    chainState: CHAIN_STATE_FILE,
    blocks: 'requester/blocks',
    modelCid,
    names: network.nodes.map(({ address, name }) => ({ address, name })),
  });
  await rememberNetwork(folder);
}

/**
 * Get every committed vector while its author still runs. The requester needed only updates with a weight; to
 * say why the others have none takes all of them and the references.
 */
async function fetchVectors({ requester }: DemoNetwork, taskId: bigint): Promise<void> {
  const { chain, storage } = requester.ports;
  const [task, members] = await Promise.all([chain.task(taskId), chain.members(taskId)]);
  const size = payloadBytes(task.dimension);
  for (let number = 1; number <= task.round; number++) {
    const round = await chain.round(taskId, number);
    const vectors = [
      ...round.updates.flatMap((u, i) => (u ? [{ author: task.trainers[i]!, digest: u.digest }] : [])),
      ...openedReferences(round).map(({ validator, digest }) => ({ author: validator, digest })),
    ];
    await Promise.allSettled(
      vectors.map(({ author, digest }) =>
        storage.get(cidFromDigest(digest, size), {
          maxBytes: size,
          timeoutMs: machineFactor() * FETCH_MILLISECONDS,
          from: members.filter((m) => sameAddress(m.address, author)).map((m) => m.peerId),
        }),
      ),
    );
  }
}
