import { chorusToken } from '@chorus/contracts';
import { type Address, type Hex, plainLine } from '@chorus/protocol';
import { Contract, type Interface, isError, NonceManager, type Result, Wallet } from 'ethers';
import { TOKEN } from '../abi/abis.ts';
import { ChainError, toChainError } from '../errors/errors.ts';
import { isDevChain, openProvider, read } from '../rpc/rpc.ts';

/** Amounts with their decimals, for display. */
export { formatUnits, parseUnits } from 'ethers';

export interface TransferOptions {
  url: string;
  privateKey: Hex;
  token: Address;
  /** Each receives `amount`, in the token's smallest unit. */
  recipients: readonly Address[];
  amount: bigint;
}

/**
 * Send tokens to several accounts and wait until all transfers are mined.
 * @throws ChainError with the decoded reason
 */
export async function transferTokens(options: TransferOptions): Promise<void> {
  const { provider, chainId } = await openProvider(options.url);
  if (isDevChain(chainId)) provider.pollingInterval = 25;
  try {
    const signer = new NonceManager(new Wallet(options.privateKey, provider));
    const token = new Contract(options.token, [...chorusToken.abi], signer);
    const sent = [];
    for (const recipient of options.recipients) {
      sent.push(await token.getFunction('transfer')(recipient, options.amount));
    }
    await Promise.all(sent.map((transaction) => transaction.wait()));
  } catch (error) {
    throw toChainError(error, 'transfer tokens');
  } finally {
    provider.destroy();
  }
}

/**
 * Decimals of a token, to convert a user's amounts to its smallest units.
 * @throws ChainError `E_CHAIN_TOKEN` if no token answers at the address, `E_CHAIN_UNREACHABLE`
 */
export async function readTokenDecimals(url: string, token: Address): Promise<number> {
  const { provider } = await openProvider(url);
  try {
    const contract = new Contract(token, ['function decimals() view returns (uint8)'], provider);
    return Number(await read('read the decimals', () => contract.getFunction('decimals')()));
  } catch (error) {
    throw orNoToken(error, token);
  } finally {
    provider.destroy();
  }
}

/** More is no symbol, and would push amounts out of their columns. */
const MAX_SYMBOL = 16;

/** Reads of any contract, by its ABI. */
interface TokenReader {
  view(name: string, args: unknown[], to: Address, abi: Interface): Promise<Result>;
}

/**
 * The symbol of a token, in one plain line; null if it has none, or one that is too long.
 * @throws ChainError `E_CHAIN_UNREACHABLE`
 */
export async function symbolOf(reader: TokenReader, token: Address): Promise<string | null> {
  try {
    const [symbol] = await reader.view('symbol', [], token, TOKEN);
    const text = plainLine(String(symbol)).trim();
    return text === '' || text.length > MAX_SYMBOL ? null : text;
  } catch (error) {
    const known = orNoToken(error, token);
    if (known.code === 'E_CHAIN_UNREACHABLE') throw known;
    return null;
  }
}

/** The error of a read of a token; an empty answer means that no token is at the address. */
export function orNoToken(error: unknown, token: Address): ChainError {
  const known = toChainError(error, 'read a token');
  if (known.code === 'E_CHAIN_UNREACHABLE' && !known.chain().some((each) => isError(each, 'BAD_DATA'))) {
    return known;
  }
  return new ChainError('E_CHAIN_TOKEN', 'there is no token at this address', {
    facts: { token },
    hint: 'check that the address is correct and on this chain',
    cause: error,
  });
}
