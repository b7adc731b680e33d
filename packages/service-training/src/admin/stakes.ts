import type { StakesSource } from '../admin-areas/stakes.ts';
import { Stakes } from '../stakes/stakes.ts';
import type { AskedTraining } from './asked-training.ts';

/** The stake of the node's account. */
export function stakesSource(running: () => AskedTraining): StakesSource {
  return {
    stakes: async (query) => stakesOf(running()).stakes(query),
    depositStake: async (request) => stakesOf(running()).depositStake(request),
    unbondStake: async (request) => stakesOf(running()).unbondStake(request),
    withdrawStake: async (request) => stakesOf(running()).withdrawStake(request),
  };
}

const known = new WeakMap<AskedTraining, Stakes>();

/** The stake of its account; one at a time is asked for. */
function stakesOf(training: AskedTraining): Stakes {
  const { chain } = training.ports;
  const stakes = known.get(training) ?? new Stakes({ chain, registrationUri: training.registrationUri });
  known.set(training, stakes);
  return stakes;
}
