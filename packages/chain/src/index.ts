/**
 * The settlement chain over EVM JSON-RPC: the chain port for one account, the contracts' deployment, and the
 * development chain that a demo or a test embeds.
 *
 * @example
 * const devnet = await startDevnet();
 * const [requester] = devnet.privateKeys;
 * const { taskManager, token } = await deployChorus({
 *   url: devnet.url, privateKey: requester!, verifier: developmentKey(),
 * });
 * const chain = await connectChain({ url: devnet.url, contract: taskManager, privateKey: requester! });
 * console.log(await chain.balance(token, chain.account));
 * await chain.close();
 * await devnet.close();
 *
 * @packageDocumentation
 */
export { type ConnectOptions, connectChain } from './connect.ts';
export { type Deployment, type DeployOptions, deployChorus, type VerifierSrs } from './deploy.ts';
export { type Devnet, type DevnetOptions, devnetKeys, startDevnet } from './devnet.ts';
export { ChainError, decodeRevert, refusal } from './errors.ts';
export type { TransactionStore } from './outbox.ts';
export { isDevChain } from './rpc.ts';
export { bitmapOf, bitsOf, isVoteOf, sealOf, UNAVAILABLE_TYPES, voteDomain } from './signing.ts';
export { formatUnits, parseUnits, type TransferOptions, transferTokens } from './token.ts';
export {
  readVerifier,
  type VerifierOnChain,
  type VerifyingKeyPoints,
  verifyingKeyHash,
} from './verifier.ts';
