import type {
  MemberRecordDocument,
  MemberRecordQuery,
  StakeDepositRequest,
  StakeDepositResult,
  StakesDocument,
  StakesQuery,
  StakeToken,
  StakeUnbondRequest,
  StakeUnbondResult,
  StakeWithdrawRequest,
  StakeWithdrawResult,
} from '@chorus/admin-api';
import { type Address, ChorusError, hasCode, sameAddress, sharesWorth, stakeValue } from '@chorus/protocol';
import pLimit from 'p-limit';
import { memberRecordDocument } from './member-record.ts';
import { amountTexts, endedTasks, stakeToken } from './stake-reads.ts';
import { isOf, nothingToWithdraw, notMature, stakedAt, stakeLocked, timeOf } from './stake-refusals.ts';
import type { StakesChain } from './stakes-chain.ts';
import { stakesDocument, unbondableShares, unbondingOf } from './stakes-document.ts';

export interface StakesParts {
  chain: StakesChain;
  /** URI of the registration file, for an identity that is registered here. */
  registrationUri: () => Promise<string> | string;
}

/**
 * The wallet's stake by hand: shown, deposited, delegated, unbonded, withdrawn. Everything is checked before
 * anything is sent, and every refusal has a hint.
 *
 * @example
 * const stakes = new Stakes({ chain, registrationUri: () => uri });
 * await stakes.depositStake({ token, amount: '1000' });
 * const { availableAt } = await stakes.unbondStake({ amount: 'all' });
 */
export class Stakes {
  readonly #chain: StakesChain;
  readonly #registrationUri: StakesParts['registrationUri'];
  /** Two actions on the same stake at the same time would both count on it. */
  readonly #alone = pLimit(1);

  constructor({ chain, registrationUri }: StakesParts) {
    this.#chain = chain;
    this.#registrationUri = registrationUri;
  }

  /** What an account, by default this wallet, has staked. */
  async stakes(query: Partial<StakesQuery> = {}): Promise<StakesDocument> {
    const chain = this.#chain;
    const account = (query.account ?? chain.account) as Address;
    const [stakes, contract, unbondSeconds, now] = await Promise.all([
      chain.stakeAccount(account),
      chain.stakeContract(),
      chain.unbondSeconds(),
      chain.now(),
    ]);
    const addresses = new Set(stakes.positions.map(({ token }) => token));
    if (query.token !== undefined) addresses.add(query.token.toLowerCase() as Address);
    const tokens: StakeToken[] = [];
    for (const token of addresses) tokens.push(await stakeToken(chain, token, account));
    const ended = await endedTasks(chain, stakes.positions);
    return stakesDocument(stakes, { now, contract, unbondSeconds, tokens, ended });
  }

  /** The conduct of an identity, by default that of this wallet, in tasks. */
  memberRecord({ of }: MemberRecordQuery = {}): Promise<MemberRecordDocument> {
    return memberRecordDocument(this.#chain, of);
  }

  /**
   * Stake on the identity of this wallet, which is registered first if needed, or on another one.
   * @throws ChorusError `E_STAKE_AMOUNT`, `E_STAKE_BALANCE`, `E_STAKE_NO_IDENTITY` and the errors of the chain
   */
  depositStake(request: StakeDepositRequest): Promise<StakeDepositResult> {
    return this.#alone(() => this.#deposit(request));
  }

  async #deposit({ to, dryRun = false, ...request }: StakeDepositRequest): Promise<StakeDepositResult> {
    const chain = this.#chain;
    const token = request.token.toLowerCase() as Address;
    const amount = BigInt(request.amount);
    const owner = (to ?? chain.account).toLowerCase() as Address;
    checkAmount(amount);
    const balance = await chain.balance(token, chain.account);
    if (balance < amount) {
      const text = await amountTexts(chain, token);
      throw new ChorusError('E_STAKE_BALANCE', 'the wallet holds fewer tokens than that', {
        facts: { wallet: chain.account, token, balance: text(balance), asked: text(amount) },
        hint: `${text(amount - balance)} more are needed; deposit less, or send tokens to the wallet`,
      });
    }
    const known = await chain.identity(owner);
    const own = sameAddress(owner, chain.account);
    if (known === null && !own) {
      throw new ChorusError('E_STAKE_NO_IDENTITY', 'this wallet has no identity to stake on', {
        facts: { wallet: owner },
        hint: 'check the address; a node registers its identity with its first deposit, or when it first joins a task',
      });
    }
    const done = { dryRun, token, amount: amount.toString(), owner, registered: known === null };
    if (dryRun) return { ...done, agentId: known?.toString() ?? null, transaction: null };
    const agentId = known ?? (await chain.registerIdentity(await this.#registrationUri())).agentId;
    const { transaction } = await chain.depositStake(token, agentId, amount);
    return { ...done, agentId: agentId.toString(), transaction };
  }

  /**
   * Request stake back: it can be withdrawn after the unbonding period, and can be slashed until then.
   * @throws ChorusError `E_STAKE_AMOUNT`, `E_STAKE_NONE`, `E_STAKE_AMBIGUOUS`, `E_STAKE_TOO_LITTLE`, `E_STAKE_LOCKED`
   *   and the errors of the chain
   */
  unbondStake(request: StakeUnbondRequest): Promise<StakeUnbondResult> {
    return this.#alone(() => this.#unbond(request));
  }

  async #unbond({
    amount: asked,
    token,
    from,
    dryRun = false,
  }: StakeUnbondRequest): Promise<StakeUnbondResult> {
    const chain = this.#chain;
    if (asked !== 'all') checkAmount(BigInt(asked));
    const stakes = await chain.stakeAccount(chain.account);
    const position = stakedAt(chain, stakes, { token, from });
    const { pool, agentId, owner } = position;
    const staked = stakeValue(pool, position.shares);
    const amount = asked === 'all' ? staked : BigInt(asked);
    const most = unbondableShares(position);
    if (amount > staked) {
      const text = await amountTexts(chain, position.token);
      throw new ChorusError('E_STAKE_TOO_LITTLE', 'the wallet has less stake there', {
        facts: { owner, agentId, asked: text(amount), staked: text(staked) },
        hint: `unbond ${text(staked)} or less, or "all"`,
      });
    }
    // If all of it is requested, no share is left behind, unless a lock depends on the rounding remainder.
    const all = amount === staked && position.shares <= most;
    const shares = all ? position.shares : sharesWorth(pool, amount);
    if (shares > most) throw await stakeLocked(chain, position, amount, stakeValue(pool, most));
    const done = { dryRun, token: position.token, owner, agentId: agentId.toString() };
    if (dryRun) {
      const availableAt = timeOf((await chain.now()) + (await chain.unbondSeconds()));
      return {
        ...done,
        amount: stakeValue(pool, shares).toString(),
        ticket: null,
        availableAt,
        transaction: null,
      };
    }
    const { ticket, transaction } = await chain.requestUnbond(position.token, agentId, shares);
    return {
      ...done,
      amount: stakeValue(pool, shares).toString(),
      ticket: ticket.id.toString(),
      availableAt: timeOf(ticket.maturesAt),
      transaction,
    };
  }

  /**
   * Withdraw everything whose unbonding period is over, one transaction for each request to unbond.
   * @throws ChorusError `E_STAKE_NOTHING_TO_WITHDRAW`, `E_STAKE_NOT_MATURE` and the errors of the chain
   */
  withdrawStake(request: StakeWithdrawRequest = {}): Promise<StakeWithdrawResult> {
    return this.#alone(() => this.#withdraw(request));
  }

  async #withdraw({ token, from, dryRun = false }: StakeWithdrawRequest): Promise<StakeWithdrawResult> {
    const chain = this.#chain;
    const stakes = await chain.stakeAccount(chain.account);
    const now = await chain.now();
    const asked = stakes.positions
      .filter((position) => isOf(position, { token, from }))
      .flatMap((position) => position.tickets.map((ticket) => ({ position, ticket })));
    const worth = asked.filter(({ position, ticket }) => stakeValue(position.pool, ticket.shares) > 0n);
    if (worth.length === 0) throw nothingToWithdraw(chain, stakes, asked.length > 0, { token, from });
    // A chain without transactions has an old time: it decides itself whether the next block is late enough.
    const late = Math.max(now, Math.floor(Date.now() / 1000));
    const withdrawn: StakeWithdrawResult['withdrawn'] = [];
    const waiting: typeof worth = worth.filter(({ ticket }) => ticket.maturesAt > late);
    for (const each of worth.filter(({ ticket }) => ticket.maturesAt <= late)) {
      const { position, ticket } = each;
      const told = {
        ticket: ticket.id.toString(),
        token: position.token,
        owner: position.owner,
        agentId: position.agentId.toString(),
      };
      if (dryRun) {
        const amount = stakeValue(position.pool, ticket.shares).toString();
        withdrawn.push({ ...told, amount, transaction: null });
        continue;
      }
      try {
        const { amount, transaction } = await chain.withdrawStake(ticket.id);
        withdrawn.push({ ...told, amount: amount.toString(), transaction });
      } catch (error) {
        if (!hasCode(error, 'E_CHAIN_NOT_MATURE')) throw afterSome(error, withdrawn.length);
        waiting.push(each);
      }
    }
    if (withdrawn.length === 0) throw await notMature(chain, waiting, now);
    return {
      dryRun,
      withdrawn,
      waiting: waiting.map(({ position, ticket }) => ({
        ...unbondingOf(position, ticket, now),
        token: position.token,
      })),
    };
  }
}

function checkAmount(amount: bigint): void {
  if (amount > 0n) return;
  throw new ChorusError('E_STAKE_AMOUNT', 'the amount is zero', { hint: 'give an amount above zero' });
}

/** An error that states what was withdrawn before the failure: that stays withdrawn. */
function afterSome(error: unknown, count: number): unknown {
  if (count === 0 || !(error instanceof ChorusError)) return error;
  const hint = `${count} before it succeeded; run the same command again to continue`;
  return new ChorusError(error.code, error.message, {
    facts: { ...error.facts, withdrawn: count },
    hint: error.hint ? `${error.hint}; ${hint}` : hint,
    cause: error,
  });
}
