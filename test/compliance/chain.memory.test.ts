import { devnetKeys, refusal, ruleId } from '@chorus/chain';
import { G1_INFINITY, OPEN_TO_ALL, type Role } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { MemoryChain, MemoryLedger } from '../twins/chain.ts';
import { UNCHECKED_PROOF } from '../twins/unchecked-proof.ts';
import { describeChain, vector } from './chain.ts';

describeChain(
  'MemoryChain',
  async () => {
    const ledger = new MemoryLedger({ verify: () => undefined });
    const [poor, ...accounts] = devnetKeys(9).map((key) => new MemoryChain(ledger, key));
    for (const { account } of accounts) ledger.mint(ledger.token, account, 10n ** 18n);
    return {
      token: ledger.token,
      treasury: ledger.treasury,
      accounts,
      poor: poor!,
      passTime: async (seconds) => ledger.passTime(seconds),
      close: async () => undefined,
    };
  },
  { propertyRuns: 40 },
);

const VERDICT = { unavailable: [], rejected: [], novelty: G1_INFINITY, lossBefore: 0n, lossAfter: 0n };

describe('MemoryLedger', () => {
  const [key] = devnetKeys(1) as [`0x${string}`];
  const aggregate = { x: 1n, y: 2n };
  const claims = {
    weights: [1],
    shares: [0],
    unavailable: [],
    rejected: [],
    novelty: G1_INFINITY,
    aggregate,
    proof: UNCHECKED_PROOF,
  };

  const inSettle = async (ledger: MemoryLedger, scalar: bigint) => {
    const chain = new MemoryChain(ledger, key);
    const other = new MemoryChain(ledger, devnetKeys(2)[1]!);
    for (const port of [chain, other]) ledger.mint(ledger.token, port.account, 100n);
    const { taskId } = await chain.createTask({
      token: ledger.token,
      budget: 10n,
      rounds: 1,
      minTrainers: 1,
      maxTrainers: 1,
      minAggregators: 1,
      stake: 1n,
      minValidators: 1,
      rule: ruleId('reference-trust'),
      ...OPEN_TO_ALL,
      aggregatorFeeBps: 0,
      validatorFeeBps: 0,
      joinSeconds: 10,
      commitSeconds: 10,
      referenceSeconds: 10,
      settleSeconds: 10,
      dimension: 4,
      termsDigest: `0x${'00'.repeat(32)}`,
      validators: [other.account],
    });
    for (const port of [chain, other]) {
      const { agentId } = await port.registerIdentity('');
      await port.depositStake(ledger.token, agentId, 1n);
      const roles: Role[] = port === chain ? ['trainer', 'aggregator'] : ['validator'];
      const { agreement } = await port.task(taskId);
      await port.join(taskId, { agreement, agentId, roles, peerId: 'p' });
    }
    await chain.commitUpdate(taskId, 1, vector(scalar));
    const salt = vector(5n).digest;
    await other.sealReference(taskId, 1, other.sealOf(taskId, 1, vector(7n), salt));
    await other.openReference(taskId, 1, vector(7n), salt);
    const vote = await other.signVerdict(await chain.round(taskId, 1), VERDICT);
    const settlement = { ...claims, votes: [vote] };
    return { chain, taskId, settlement };
  };

  it('MemoryLedger refuses an aggregate that is not the weighted sum of the commitments', async () => {
    const { chain, taskId, settlement } = await inSettle(new MemoryLedger(), 2n);
    await expect(chain.settle(taskId, 1, settlement)).rejects.toMatchObject({
      code: 'E_CHAIN_WRONG_AGGREGATE',
    });
  });

  it('MemoryLedger calls the injected check, and changes nothing if it refuses', async () => {
    const seen: number[][] = [];
    const verify = ({ included }: { included: number[] }): void => {
      seen.push(included);
      throw refusal('RuleProofFailed', 'settle a round');
    };
    const { chain, taskId, settlement } = await inSettle(new MemoryLedger({ verify }), 1n);
    const before = await chain.task(taskId);
    await expect(chain.settle(taskId, 1, settlement)).rejects.toMatchObject({
      code: 'E_CHAIN_INVALID_SETTLEMENT',
      facts: { check: 'RuleProofFailed' },
    });
    expect(seen).toEqual([[0]]);
    expect(await chain.task(taskId)).toEqual(before);
  });
});
