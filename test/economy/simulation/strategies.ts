import { mix, type Vector, type World } from './updates.ts';

/** One party, with as many identities as it likes. */
export interface Party {
  strategy: Strategy;
  /** Where its data leans. */
  skew: Vector;
}

export interface Turn {
  /** One vector per identity; null where that identity does not commit. */
  updates: (Vector | null)[];
  /** Units of training work done: 1 is what an honest trainer does in a round. */
  work: number;
}

export interface Strategy {
  name: string;
  /** What it does, for the page. */
  text: string;
  identities: number;
  act(world: World, party: Party): Turn;
}

export const honest: Strategy = {
  name: 'honest',
  text: 'trains fully, every round',
  identities: 1,
  act: (world, { skew }) => ({ updates: [world.train(skew, 1)], work: 1 }),
};

/** Trains on a part of its data, and scales the result up. */
export function little(work: number): Strategy {
  return {
    name: `lazy, ${100 * work} % of the work`,
    text: `trains on ${100 * work} % of its data, every round`,
    identities: 1,
    act: (world, { skew }) => ({ updates: [world.train(skew, work)], work }),
  };
}

/** Trains fully or not at all. */
export function rarely(presence: number): Strategy {
  return {
    name: 'lazy, often absent',
    text: `trains fully, but commits in ${100 * presence} % of the rounds only`,
    identities: 1,
    act: (world, { skew }) =>
      world.random() < presence ? { updates: [world.train(skew, 1)], work: 1 } : { updates: [null], work: 0 },
  };
}

export const vanished: Strategy = {
  name: 'vanished',
  text: 'joins and never commits',
  identities: 1,
  act: () => ({ updates: [null], work: 0 }),
};

export const noiseRider: Strategy = {
  name: 'free rider, noise',
  text: 'commits random numbers',
  identities: 1,
  act: (world) => ({ updates: [world.direction()], work: 0 }),
};

export const replayRider: Strategy = {
  name: 'free rider, replay',
  text: 'commits the last round’s public aggregate again',
  identities: 1,
  act: (world) => ({
    updates: [world.previous.some((x) => x !== 0) ? world.previous : world.direction()],
    work: 0,
  }),
};

/** Has a friend among the validators. */
export const whisperer: Strategy = {
  name: 'told the reference',
  text: 'commits the sum of the references, which a validator told it',
  identities: 1,
  act: (world) => ({ updates: [world.sealed], work: 0 }),
};

/** What labels have in common whatever they are, e.g. which inputs occur at all. */
const COMMON = 0.25;

export const labelFlipper: Strategy = {
  name: 'label flipper',
  text: 'trains fully on wrong labels',
  identities: 1,
  act: (world, { skew }) => {
    const wrong = mix([world.signal, COMMON], [world.direction(), Math.sqrt(1 - COMMON ** 2)]);
    return { updates: [world.train(skew, 1, wrong)], work: 1 };
  },
};

/** One trains, and all its identities commit the same vector. */
export function copies(identities: number): Strategy {
  return {
    name: `colluding, ${identities} copies`,
    text: `one trains fully, ${identities} identities commit the same vector`,
    identities,
    act: (world, { skew }) => {
      const update = world.train(skew, 1);
      return { updates: Array.from({ length: identities }, () => update), work: 1 };
    },
  };
}

/** One trainer's data and work split over its identities. */
export function split(identities: number): Strategy {
  return {
    name: `Sybil, split in ${identities}`,
    text: `one trainer’s work, split over ${identities} identities`,
    identities,
    act: (world, { skew }) => ({
      updates: Array.from({ length: identities }, () => world.train(skew, 1 / identities)),
      work: 1,
    }),
  };
}
