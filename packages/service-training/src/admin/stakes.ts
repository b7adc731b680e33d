import type { StakesSource } from '../admin-areas/stakes.ts';
import { Stakes } from '../stakes/stakes.ts';
import type { AskedTraining } from './asked-training.ts';

/** The stake of the node's account. */
export function stakesSource(running: () => AskedTraining): StakesSource {
  let made: Stakes | undefined;
  const stakes = (): Stakes => {
    const { ports, registrationUri } = running();
    made ??= new Stakes({ chain: ports.chain, registrationUri });
    return made;
  };
  return {
    stakes: async (query) => stakes().stakes(query),
    memberRecord: async (query) => stakes().memberRecord(query),
    depositStake: async (request) => stakes().depositStake(request),
    unbondStake: async (request) => stakes().unbondStake(request),
    withdrawStake: async (request) => stakes().withdrawStake(request),
  };
}
