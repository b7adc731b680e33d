import type { StakePositionDocument, StakesDocument } from '@chorus/admin-api';
import { ADDRESS_PATTERN, ChorusError, parseTokenAmount, sameAddress } from '@chorus/protocol';

/** @throws ChorusError `E_USAGE` */
export function addressOf(text: string, what: string, hint = 'give 0x and 40 hexadecimal digits'): string {
  if (ADDRESS_PATTERN.test(text)) return text.toLowerCase();
  throw new ChorusError('E_USAGE', `${what} is not an address`, {
    facts: { given: text.slice(0, 50) },
    hint,
  });
}

/** An identity as `--from` names it, or another argument: its wallet, or its number. */
export function fromOf(text: string, what = '--from'): string {
  if (/^\d{1,20}$/.test(text)) return text;
  return addressOf(text, what, 'give the number of an identity, or its wallet: 0x and 40 hexadecimal digits');
}

/**
 * A written amount, in the token's smallest unit.
 * @throws ChorusError `E_USAGE`; `E_CHAIN_TOKEN` if the token does not state its decimals
 */
export function unitsOf(text: string, token: string, { tokens }: StakesDocument): string {
  const known = tokens.find(({ address }) => sameAddress(address, token));
  if (!known || known.decimals === null) {
    throw new ChorusError('E_CHAIN_TOKEN', 'the token does not state its number of decimals', {
      facts: { token },
      hint: 'check the address, and that the token is on this chain',
    });
  }
  const { decimals, symbol } = known;
  const units = parseTokenAmount(text, decimals);
  if (units !== null && units > 0n) return units.toString();
  throw new ChorusError('E_USAGE', 'this is not an amount of the token', {
    facts: { given: text.slice(0, 50), token: symbol ?? token, decimals },
    hint: `give a number above zero with at most ${decimals} decimals, such as 12.5`,
  });
}

const isFrom = ({ owner, agentId }: StakePositionDocument, from: string) =>
  from.startsWith('0x') ? sameAddress(owner, from) : agentId === from;

/**
 * The default token: the only one with stake; null if no token has stake, or several have.
 *
 * @param from the identity with the stake, as {@link fromOf} gives it; by default the account's own
 */
export function stakedToken(stakes: StakesDocument, from: string | undefined): string | null {
  const where = from ?? stakes.account;
  const staked = stakes.positions.filter((position) => position.shares !== '0' && isFrom(position, where));
  const tokens = new Set(staked.map(({ token }) => token.toLowerCase()));
  return tokens.size === 1 ? [...tokens][0]! : null;
}
