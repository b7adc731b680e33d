import {
  type Address,
  type Hex,
  type PaymentChain,
  type SignedTransfer,
  type TokenDomain,
  TRANSFER_TYPES,
  type TransferAuthorization,
  type TransferState,
} from '@chorus/protocol';
import { isError, type LogParams, zeroPadValue } from 'ethers';
import { TOKEN } from '../abi/abis.ts';
import { EIP3009, messageOf, transferArgs } from '../abi/transfers.ts';
import { oncePerToken } from '../contracts/per-token.ts';
import { orNoToken } from '../contracts/token.ts';
import { ChainError } from '../errors/errors.ts';
import { RpcLogs } from '../events/logs.ts';
import { read } from '../rpc/rpc.ts';
import { type Call, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/**
 * Transfers are tried as of the block that they would be in: they have a time, and the latest block of a chain without
 * other transactions may be old.
 */
const NEXT = 'pending';

/** EIP-3009 transfers of any token that has them. */
export function createPaymentChain({ connection, reader, writer, signal }: ChainParts): PaymentChain {
  const { provider, signer, account, chainId } = connection;
  const oneByOne = perKey();
  // Logs of tokens are not in the index of the task contract.
  const logs = new RpcLogs(provider, { signal });
  const tokenDomain = oncePerToken(async (token: Address): Promise<TokenDomain> => {
    try {
      const { name, version } = await reader.view('eip712Domain', [], token, TOKEN);
      return { name: String(name), version: String(version) };
    } catch (error) {
      throw orNoToken(error, token);
    }
  });

  return {
    tokenDomain,

    signTransfer: async (transfer) => {
      const own = { ...transfer, from: account };
      const domain = { ...(await tokenDomain(own.token)), chainId, verifyingContract: own.token };
      return {
        ...own,
        signature: (await signer.signTypedData(domain, TRANSFER_TYPES, messageOf(own))) as Hex,
      };
    },

    tryTransfer: async (transfer) => {
      const { action, to, abi, name, args } = callOf(transfer);
      const data = abi.encodeFunctionData(name, args);
      const block = await read('read the head', () => provider.getBlockNumber(), signal);
      await read(action, () => provider.call({ from: account, to, data, blockTag: NEXT }), signal);
      return { block };
    },

    sendTransfer: async (transfer) => {
      const call = callOf(transfer);
      const { action, to, abi, name, args } = call;
      const transaction = { from: account, to, data: abi.encodeFunctionData(name, args) };
      const gas = async () => {
        const estimate = () => provider.send('eth_estimateGas', [transaction, NEXT]);
        return (BigInt(await read(action, estimate, signal)) * 3n) / 2n;
      };
      // Two of one payer at a time could be paid from one balance: the second would cost this account gas.
      return oneByOne(transfer.from, async () => receiptOf(await writer.sendAhead({ ...call, gas })));
    },

    transferState: async (transfer, fromBlock): Promise<TransferState> => {
      const { token, from, nonce } = transfer;
      const [used] = await reader.view('authorizationState', [from, nonce], token, EIP3009);
      if (!used) return { state: 'unused' };
      const topics = EIP3009.encodeFilterTopics('AuthorizationUsed', [from, nonce]) as string[];
      const to = await read('read the head', () => provider.getBlockNumber(), signal);
      for (const { transactionHash } of await logs.between({
        addresses: [token],
        from: fromBlock,
        to,
        topics,
      })) {
        const receipt = await read(
          'read a payment',
          () => provider.getTransactionReceipt(transactionHash),
          signal,
        );
        if (receipt && isMadeIn(receipt.logs, transfer)) {
          return { state: 'made', transaction: receipt.hash as Hex, block: receipt.blockNumber };
        }
      }
      return { state: 'void' };
    },
  };
}

/** Runs what has one key in turn, in its order. */
function perKey(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const done = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, done);
    const forget = () => {
      if (last.get(key) === done) last.delete(key);
    };
    done.then(forget, forget);
    return done;
  };
}

function callOf(transfer: SignedTransfer): Required<Omit<Call, 'gas'>> {
  const call = {
    action: 'take a payment',
    to: transfer.token,
    abi: TOKEN,
    name: 'transferWithAuthorization',
  };
  try {
    return { ...call, args: transferArgs(transfer) };
  } catch (cause) {
    if (!isError(cause, 'INVALID_ARGUMENT')) throw cause;
    throw new ChainError('E_CHAIN_INVALID_SIGNATURE', 'this is not a signature', {
      hint: 'sign the transfer as EIP-3009 says: 65 bytes',
      cause,
    });
  }
}

/** The transfer follows the use of its nonce: the payer may have made others in the same transaction. */
function isMadeIn(
  logs: readonly Pick<LogParams, 'address' | 'topics' | 'data'>[],
  { token, from, to, value, nonce }: TransferAuthorization,
): boolean {
  const own = logs.filter(({ address }) => address.toLowerCase() === token.toLowerCase());
  const topic = (address: Address) => zeroPadValue(address, 32).toLowerCase();
  const used = EIP3009.getEvent('AuthorizationUsed')!.topicHash;
  const at = own.findIndex(
    ({ topics }) => topics[0] === used && topics[1] === topic(from) && topics[2] === nonce.toLowerCase(),
  );
  const next = own[at + 1];
  if (at < 0 || !next || next.topics[0] !== EIP3009.getEvent('Transfer')!.topicHash) return false;
  return next.topics[1] === topic(from) && next.topics[2] === topic(to) && BigInt(next.data) === value;
}
