import { describe, expect, it } from 'vitest';
import { type Fixture, refused } from './fixture.ts';

const PLACE = '12D3KooWExample/agents/harbour/';

/** Agents in the identity registry. */
export function describeAgents(get: () => Fixture): void {
  describe('agents in the identity registry', () => {
    it('an agent is registered at its place, and its file is named by its owner alone', async () => {
      const { owner, trainers } = get();
      expect(await owner.agentAt(PLACE)).toBeNull();
      const cost = await owner.registrationCost(PLACE, 'ipfs://file', null);
      const { agentId, ...first } = await owner.registerAgent(PLACE);
      const agent = { agentId, owner: owner.account, wallet: owner.account, place: PLACE };
      expect(await owner.registeredAgent(agentId)).toEqual({ ...agent, uri: '' });
      const second = await owner.setAgentUri(agentId, 'ipfs://file');
      const used = first.gasUsed + second.gasUsed;
      // An estimate: no more than a fifth off.
      expect(5n * (cost.gas > used ? cost.gas - used : used - cost.gas) <= used).toBe(true);
      expect((await owner.registrationCost(PLACE, 'ipfs://other', agentId)).gas <= cost.gas).toBe(true);
      await refused('E_CHAIN_NOT_ALLOWED', trainers[0]!.setAgentUri(agentId, 'ipfs://other'));
      for (const reader of [owner, trainers[0]!]) {
        expect(await reader.registeredAgent(agentId)).toEqual({ ...agent, uri: 'ipfs://file' });
      }
      expect(await owner.agentAt(PLACE)).toBe(agentId);
      expect(await trainers[0]!.agentAt(PLACE)).toBeNull();
      expect(await owner.agentAt(`${PLACE}x`)).toBeNull();
    });

    it('the identity of an agent is not the one that its owner trains and stakes with', async () => {
      const [, , , , , , , account] = get().world.accounts;
      const before = get().agentOf(account!);
      await account!.registerAgent('12D3KooWExample/agents/other/');
      expect(await account!.identity()).toBe(before);
      expect(await get().owner.identity(account!.account)).toBe(before);
    });

    it('a number that was not given out is no agent, and an identity of another kind has no place', async () => {
      const { owner } = get();
      expect(await owner.registeredAgent(10n ** 9n)).toBeNull();
      await refused('E_CHAIN_INVALID_PARAMS', owner.setAgentUri(10n ** 9n, 'ipfs://file'));
      const identity = await owner.registeredAgent(get().agentOf(owner));
      expect(identity).toMatchObject({ owner: owner.account, place: null });
    });

    it('the registry has an address', async () => {
      expect(await get().owner.identityRegistry()).toMatch(/^0x[0-9a-f]{40}$/);
    });
  });
}
