import type { Inspection } from '@chorus/inspector';
import type { Ports } from '@chorus/node';

/** Time limit for asking peers for the summary of a settled round, ms. */
const ASK_MILLISECONDS = 5_000;

/**
 * Does work that reads the network, with a running node's own ports.
 * @param url endpoint of the chain
 */
export async function inspectingWith<T>(
  { chain, network, storage }: Ports,
  url: string,
  signal: AbortSignal,
  work: (inspection: Inspection) => Promise<T>,
): Promise<T> {
  const [{ readVerifier }, { Committers }, { networkPeers }] = await Promise.all([
    import('@chorus/chain'),
    import('@chorus/commitment'),
    import('@chorus/inspector'),
  ]);
  const committers = new Committers(chain.chainId);
  try {
    return await work({
      chain,
      storage,
      signal,
      verifier: (verifier) => readVerifier({ url, contract: chain.contract, verifier }),
      committer: (dimension) => committers.committer(dimension),
      summaries: networkPeers(network, () => null),
      askMilliseconds: ASK_MILLISECONDS,
    });
  } finally {
    await committers.close();
  }
}
