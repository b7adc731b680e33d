import { sumReferences } from '@chorus/aggregation';
import type { PublicKnowledge } from '@chorus/service-training/simulation';
import { attackBehaviour, type Behaviour } from '@chorus/simulation';
import { quantise, quantiseReference } from '@chorus/training';

/** What a rider sends instead of honest work; where there is nothing to ride on yet, its own honest update. */
export type Ride =
  | 'honest'
  /** The sum of the last opened references (A07). */
  | 'replay-reference'
  /** Seven parts of the last references and three of its own honest update. */
  | 'mixture'
  /** All references so far, each round's half as much as the next one's. */
  | 'decayed'
  /** One validator's last reference. */
  | 'one reference'
  /** The references of the round before where that was void: same model, same held-out data (A06). */
  | 'void'
  /** Noise, with a validator of its own that seals that very vector as its reference (A05). */
  | 'whisper';

export function behaviourOf(ride: Ride): Behaviour {
  if (ride === 'honest') return {};
  if (ride === 'replay-reference') return attackBehaviour(ride);
  if (ride === 'whisper') {
    const noise = attackBehaviour('free');
    return {
      trains: () => false,
      // As long as it can be: clipped by the rule like any other.
      send: (delta, context) => noise.send!(delta, context).map((x) => clamp(100 * x)),
      collude: (sent) => quantiseReference(Float32Array.from(sent)),
    };
  }
  return {
    send: (delta, { known, scale }) => {
      const own = quantise(delta, scale).vector;
      const ridden = vectorOf(ride, known, own);
      if (!ridden) return own;
      const factor = norm(own) / (norm(ridden) || 1);
      return Int16Array.from(ridden, (x) => clamp(factor * x));
    },
  };
}

function vectorOf(ride: Ride, known: PublicKnowledge, own: Int16Array): Float64Array | null {
  const opened = known.rounds.filter(({ references }) => references.length > 0);
  const last = opened[0];
  if (!last) return null;
  const sums = opened.map(({ references }) => Float64Array.from(sumReferences(references)));
  switch (ride) {
    case 'mixture': {
      const [ownPart, riddenPart] = [0.3 / norm(own), 0.7 / norm(sums[0]!)];
      return Float64Array.from(own, (x, k) => ownPart * x + riddenPart * sums[0]![k]!);
    }
    case 'decayed':
      return Float64Array.from(own, (_, k) =>
        sums.reduce((sum, vector, age) => sum + 0.5 ** age * vector[k]!, 0),
      );
    case 'one reference':
      return Float64Array.from(last.references.at(-1)!);
    default:
      // Only of a void round just before; else it works.
      return known.rounds[0]!.aggregate ? null : sums[0]!;
  }
}

function norm(vector: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < vector.length; k++) sum += vector[k]! * vector[k]!;
  return Math.sqrt(sum);
}

const clamp = (x: number) => Math.max(-32767, Math.min(32767, Math.round(x)));
