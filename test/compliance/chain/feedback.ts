import { randomBytes } from 'node:crypto';
import { type ChainPort, type FeedbackWords, toHex } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { type Fixture, refused } from './fixture.ts';

const WORDS: FeedbackWords = {
  value: 85n,
  decimals: 0,
  tag1: 'starred',
  tag2: '',
  endpoint: '',
  uri: 'data:application/json;base64,e30=',
  digest: `0x${'ab'.repeat(32)}`,
};

/** Feedback on agents in the reputation registry, and the payments that it refers to. */
export function describeFeedback(get: () => Fixture): void {
  let places = 0;
  const anAgent = async (owner: ChainPort): Promise<bigint> =>
    (await owner.registerAgent(`12D3KooWExample/agents/rated-${places++}/`)).agentId;

  describe('feedback on agents', () => {
    it('feedback is read by everyone in the order of the chain, and not once it is revoked', async () => {
      const { owner, trainers } = get();
      const [first, second] = trainers as [ChainPort, ChainPort];
      const agentId = await anAgent(owner);
      expect(await owner.feedbackOn(agentId)).toEqual([]);
      const given = await first.giveAgentFeedback(agentId, WORDS);
      expect(given.index).toBe(1n);
      await second.giveAgentFeedback(agentId, { ...WORDS, value: -5n, decimals: 1 });
      expect((await first.giveAgentFeedback(agentId, { ...WORDS, tag2: 'again' })).index).toBe(2n);
      const seen = await second.feedbackOn(agentId);
      expect(seen).toEqual([
        { ...WORDS, client: first.account, index: 1n, block: given.block, transaction: given.transaction },
        expect.objectContaining({ client: second.account, index: 1n, value: -5n, decimals: 1 }),
        expect.objectContaining({ client: first.account, index: 2n, tag2: 'again' }),
      ]);
      await first.revokeAgentFeedback(agentId, 1n);
      expect(await first.feedbackOn(agentId)).toEqual(seen.slice(1));
      await refused('E_CHAIN_ALREADY_DONE', first.revokeAgentFeedback(agentId, 1n));
      await refused('E_CHAIN_INVALID_PARAMS', second.revokeAgentFeedback(agentId, 2n));
      expect(await first.feedbackOn(await anAgent(owner))).toEqual([]);
    });

    it('an owner gives its own agent no feedback, and no one gives any on an identity that does not exist', async () => {
      const { owner, trainers } = get();
      const agentId = await anAgent(owner);
      await refused('E_CHAIN_NOT_ALLOWED', owner.giveAgentFeedback(agentId, WORDS));
      await refused('E_CHAIN_INVALID_PARAMS', trainers[0]!.giveAgentFeedback(10n ** 9n, WORDS));
      await refused(
        'E_CHAIN_INVALID_PARAMS',
        trainers[0]!.giveAgentFeedback(agentId, { ...WORDS, value: 10n ** 38n + 1n }),
      );
    });

    it('a transaction tells what it moved between two accounts, and nothing of others', async () => {
      const { owner, trainers } = get();
      const [payer, other] = trainers as [ChainPort, ChainPort];
      const { token } = get().world;
      const now = BigInt(await owner.now());
      const signed = await payer.signTransfer({
        token,
        to: owner.account,
        value: 11n,
        validAfter: 0n,
        validBefore: now + 3_600n,
        nonce: toHex(randomBytes(32)),
      });
      const { transaction } = await other.sendTransfer(signed);
      const moved = await other.movedIn(transaction, payer.account, owner.account);
      expect(moved).toEqual({ at: expect.any(Number), amounts: [{ token, amount: 11n }] });
      expect(Math.abs(moved!.at - Number(now)) < 3_600).toBe(true);
      expect((await other.movedIn(transaction, other.account, owner.account))?.amounts).toEqual([]);
      expect((await other.movedIn(transaction, payer.account, other.account))?.amounts).toEqual([]);
      expect(await other.movedIn(toHex(randomBytes(32)), payer.account, owner.account)).toBeNull();
    });

    it('the fee on payments to tills is known', async () => {
      const bps = await get().owner.tillFeeBps();
      expect(bps >= 0 && bps <= 10_000).toBe(true);
    });
  });
}
