import {
  type Address,
  type ChainPort,
  ChorusError,
  parseSum,
  type Sum,
  sumText,
  unitsOfSum,
} from '@chorus/protocol';

/** A token that prices may be in. */
export interface KnownToken {
  address: Address;
  symbol: string;
  decimals: number;
}

/** A sum in a token, to its smallest unit. */
export interface Amount {
  token: KnownToken;
  units: bigint;
  /** Such as `0.02 CHOR`. */
  text: string;
}

type TokenReads = Pick<ChainPort, 'decimals' | 'symbol'>;

/**
 * A sum in one of the tokens of the configuration.
 * @param tokens of the configuration
 * @throws ChorusError `E_AGENT_PRICE` for a token that is not one of them, or that cannot be divided that far;
 *   `E_CHAIN_TOKEN`, `E_CHAIN_UNREACHABLE`
 */
export async function amountOf(sum: Sum, tokens: readonly string[], chain: TokenReads): Promise<Amount> {
  const known = await Promise.all(tokens.map((token) => knownToken(token as Address, chain)));
  const named = known.filter(({ address, symbol }) => address === sum.token || symbol === sum.token);
  const [token] = named;
  if (!token || named.length > 1) throw noSuchToken(sum, known, named.length);
  const units = unitsOfSum(sum, token.decimals);
  if (units === null) {
    throw new ChorusError('E_AGENT_PRICE', 'the token cannot be divided that far', {
      facts: { token: token.symbol, decimals: token.decimals },
      hint: `give at most ${token.decimals} digits after the point`,
    });
  }
  return { token, units, text: sumText(units, token.decimals, token.symbol) };
}

/**
 * A sum that a user has written, in one of the tokens of the configuration; an amount alone is of the only one.
 * @throws ChorusError `E_AGENT_PRICE`, `E_CHAIN_TOKEN`
 */
export async function writtenAmount(
  text: string,
  tokens: readonly string[],
  chain: TokenReads,
): Promise<Amount> {
  const alone = /^\s*[\d.]+\s*$/.test(text);
  const sum = parseSum(alone && tokens.length === 1 ? `${text.trim()} ${tokens[0]}` : text);
  if (sum) return amountOf(sum, tokens, chain);
  throw new ChorusError('E_AGENT_PRICE', 'this is not a sum of money', {
    facts: { given: text.slice(0, 100), tokens: tokens.length },
    hint: 'give an amount and its token, such as 0.05 CHOR; agents.tokens lists the tokens',
  });
}

/** Those of the tokens that can be read now. */
export async function readableTokens(tokens: readonly string[], chain: TokenReads): Promise<KnownToken[]> {
  const known = await Promise.all(
    tokens.map((token) => knownToken(token as Address, chain).catch(() => null)),
  );
  return known.flatMap((token) => token ?? []);
}

/**
 * What a stranger asks for, in words that it has not written: in whole tokens if the token is known here.
 * @param price `units` in the token's smallest unit
 */
export function priceText(
  { units, token }: { units: bigint; token: string },
  tokens: readonly KnownToken[],
): string {
  const known = tokens.find(({ address }) => address === token);
  return known ? sumText(units, known.decimals, known.symbol) : `${units} units of ${token}`;
}

export async function knownToken(token: Address, chain: TokenReads): Promise<KnownToken> {
  const address = token.toLowerCase() as Address;
  const [decimals, symbol] = await Promise.all([chain.decimals(address), chain.symbol(address)]);
  return { address, decimals, symbol: symbol ?? address };
}

function noSuchToken(sum: Sum, known: readonly KnownToken[], named: number): ChorusError {
  const possible = known.map(({ symbol, address }) => `${symbol} (${address})`).join(', ');
  return new ChorusError(
    'E_AGENT_PRICE',
    named > 1 ? 'several tokens have this symbol' : 'this node takes no payments in this token',
    {
      facts: { token: sum.token, possible: possible || 'none' },
      hint:
        possible === ''
          ? 'name the token of your network: chorus config set agents.tokens \'["0x..."]\''
          : named > 1
            ? 'name the token by its address'
            : `give a sum in ${known[0]!.symbol}, or add the token's address to agents.tokens`,
    },
  );
}
