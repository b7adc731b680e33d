import { JsonRpcProvider, Network, Wallet } from 'ethers';
import { afterAll, describe, expect, it } from 'vitest';
import { createAgentChain } from './agent-chain.ts';
import { createEventChain } from './chain-events.ts';
import { createHeadChain } from './chain-head.ts';
import { createChannelChain } from './channel-chain.ts';
import { createChorusChain } from './chorus-chain.ts';
import { createDisputeChain } from './dispute-chain.ts';
import { createFeedbackChain } from './feedback-chain.ts';
import { createGovernanceChain } from './governance-chain.ts';
import { createIdentityChain } from './identity-chain.ts';
import { createJobChain } from './job-chain.ts';
import { type Connection, createParts } from './parts.ts';
import { createPaymentChain } from './payment-chain.ts';
import { createRecordChain } from './record-chain.ts';
import { createRewardChain } from './reward-chain.ts';
import { createRoundChain } from './round-chain.ts';
import { createSlashChain } from './slash-chain.ts';
import { createStakeChain } from './stake-chain.ts';
import { createTaskChain } from './task-chain.ts';
import { createTillChain } from './till-chain.ts';
import { createTokenChain } from './token-chain.ts';
import { createUnitChain } from './unit-chain.ts';
import { createVerdictChain } from './verdict-chain.ts';

/** Nothing here sends a request. */
const network = Network.from(31_337);
const provider = new JsonRpcProvider('http://127.0.0.1:9', network, { staticNetwork: network });
const connection: Connection = {
  provider,
  chainId: 31_337,
  use: () => ({ lastMinute: 3, limit: null, limited: 0, pausedUntil: null }),
  contract: `0x${'11'.repeat(20)}`,
  account: `0x${'22'.repeat(20)}`,
  signer: new Wallet(`0x${'33'.repeat(32)}`, provider),
  pollMilliseconds: 50,
  confirmations: 0,
  transactions: undefined,
  fees: undefined,
  onPaid: undefined,
  index: undefined,
  feedback: undefined,
  deployedAt: 0,
};

afterAll(() => provider.destroy());

describe('the chain of one account, made of its ports', () => {
  it('no port replaces a method of another one', () => {
    const parts = createParts(connection);
    const head = createHeadChain(parts);
    const identities = createIdentityChain(parts);
    const payments = createPaymentChain(parts);
    const names = [
      head,
      identities,
      createEventChain(parts),
      createTaskChain(parts),
      createRoundChain(parts),
      createVerdictChain(parts),
      createDisputeChain(parts),
      createStakeChain(parts, identities, head),
      createSlashChain(parts),
      createRewardChain(parts),
      createTokenChain(parts),
      createAgentChain(parts),
      payments,
      createChannelChain(parts, payments),
      createTillChain(parts),
      createUnitChain(parts),
      createFeedbackChain(parts),
      createGovernanceChain(parts),
      createRecordChain(parts),
      createJobChain(parts),
      { chainId: 0, contract: '', account: '', contracts: null },
    ].flatMap((port) => Object.keys(port));
    expect(names.toSorted()).toEqual(Object.keys(createChorusChain(connection)).toSorted());
  });

  it('a method works without its chain, and behind a proxy', () => {
    const chain = createChorusChain(connection);
    const { requests, sealOf } = chain;
    const reference = { commitment: { x: 1n, y: 2n }, digest: `0x${'44'.repeat(32)}` as const };
    const salt = `0x${'55'.repeat(32)}` as const;
    expect(requests?.().lastMinute).toBe(3);
    expect(sealOf(1n, 1, reference, salt)).toBe(chain.sealOf(1n, 1, reference, salt));
    expect(new Proxy(chain, {}).sealOf(1n, 1, reference, salt)).toBe(chain.sealOf(1n, 1, reference, salt));
  });

  it('a test can replace a single method', async () => {
    const chain = createChorusChain(connection);
    chain.now = async () => 5;
    expect(await chain.now()).toBe(5);
  });

  it('a closed chain sends no request', async () => {
    const own = new JsonRpcProvider('http://127.0.0.1:9', network, { staticNetwork: network });
    const chain = createChorusChain({ ...connection, provider: own });
    await chain.close();
    expect(own.destroyed).toBe(true);
    await expect(chain.now()).rejects.toMatchObject({ code: 'E_CHAIN_UNREACHABLE' });
  });
});
