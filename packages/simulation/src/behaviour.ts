import {
  type Attack,
  type PublicKnowledge,
  poisonDataset,
  poisonDelta,
  skipsTraining,
  trainingSeed,
} from '@chorus/node/simulation';
import { type Dataset, quantise } from '@chorus/training';

/** What a client knows and is when it makes its update. */
export interface BehaviourContext {
  known: PublicKnowledge;
  /** One unit of an update's integers. */
  scale: number;
  /** Of this client in this round. */
  seed: number;
}

/** How a client departs from honest work. Pure: the same context gives the same update. */
export interface Behaviour {
  /** The data it trains on instead of `own`; `client` is its seed. */
  data?(own: Dataset, client: number): Dataset;
  /** Seed of its training instead of its own; equal seeds train alike on equal data. */
  seed?(client: number): number;
  /** Whether it trains in this round; it does unless this says no. */
  trains?(known: PublicKnowledge): boolean;
  /** What it sends; `delta` is what it trained, zero where it did not. */
  send?(delta: Float32Array, context: BehaviourContext): Int16Array;
  /** What a validator that colludes with it seals instead of its own reference. */
  collude?(sent: Int16Array): Int16Array;
}

/** An attack of `start --attack` and `demo --attack`, as the node carries it out. */
export function attackBehaviour(attack: Attack): Behaviour {
  return {
    data: (own, client) => poisonDataset(own, attack, client),
    seed: (client) => trainingSeed(attack, client),
    trains: (known) => !skipsTraining(attack, known),
    send: (delta, { known, scale, seed }) =>
      quantise(poisonDelta(delta, { attack, known, scale, seed }), scale).vector,
  };
}
