/** Chain ids of development chains: anvil and hardhat, geth --dev and ganache. */
const DEV_CHAINS: readonly number[] = [31337, 1337];

/**
 * True for a chain that runs on one machine for development. Its keys are public, its reference string has a known
 * secret, and attacks may be simulated on it: this is the only place that says which chains these are.
 */
export function isDevChain(chainId: number | bigint): boolean {
  return DEV_CHAINS.some((id) => chainId === id || chainId === BigInt(id));
}
