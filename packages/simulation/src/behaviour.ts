import {
  type Attack,
  type PublicKnowledge,
  poisonDataset,
  poisonDelta,
  skipsTraining,
  trainingSeed,
} from '@chorus/service-training/simulation';
import { type Dataset, quantise } from '@chorus/training';

/** The knowledge and identity of a client that makes its update. */
export interface BehaviourContext {
  known: PublicKnowledge;
  /** One unit of an update's integers. */
  scale: number;
  /** Seed of this client in this round. */
  seed: number;
}

/** A client's departure from honest work. Pure: the same context gives the same update. */
export interface Behaviour {
  /** The data it trains on instead of `own`; `client` is its seed. */
  data?(own: Dataset, client: number): Dataset;
  /** Seed of its training instead of its own; equal seeds train alike on equal data. */
  seed?(client: number): number;
  /** Whether it trains in this round; default: yes. */
  trains?(known: PublicKnowledge): boolean;
  /** The update it sends; `delta` is the result of its training, zero if it did not train. */
  send?(delta: Float32Array, context: BehaviourContext): Int16Array;
  /** The vector that a colluding validator seals instead of its own reference. */
  collude?(sent: Int16Array): Int16Array;
}

/** An attack of `start --attack` and `demo --attack`, exactly as the node performs it. */
export function attackBehaviour(attack: Attack): Behaviour {
  return {
    data: (own, client) => poisonDataset(own, attack, client),
    seed: (client) => trainingSeed(attack, client),
    trains: (known) => !skipsTraining(attack, known),
    send: (delta, { known, scale, seed }) =>
      quantise(poisonDelta(delta, { attack, known, scale, seed }), scale).vector,
  };
}
