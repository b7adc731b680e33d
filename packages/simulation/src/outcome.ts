import type { RoundRecord } from './simulate.ts';

/** Result of the clients of one party over all rounds. */
export interface PartyOutcome {
  party: string;
  clients: number;
  /** Fraction of everything paid to trainers. */
  share: number;
  /** Mean pay of one of its clients in a round it took part in, relative to a client of the first party. */
  relative: number;
  /** Mean over rounds and clients with a claim, 0 to 256; null under rules without a gate. */
  gate: number | null;
}

export interface Outcome {
  /** Accuracy of the last model on the test data. */
  accuracy: number;
  loss: number;
  rounds: number;
  voidRounds: number;
  parties: PartyOutcome[];
}

/**
 * Sum up a run.
 * @param records of all rounds in order; the others are compared with the first client's party
 * @throws {RangeError} without any round
 */
export function summarise(records: readonly RoundRecord[]): Outcome {
  const last = records.at(-1);
  if (!last) throw new RangeError('no round was played');
  const settled = records.filter((record) => !record.void);
  const rows = settled.flatMap(({ clients }) => clients);
  const all = rows.reduce((sum, { share }) => sum + share, 0);
  const names = [...new Set(records.flatMap(({ clients }) => clients.map(({ party }) => party)))];
  const perTurn = (party: string) => {
    const own = rows.filter((row) => row.party === party);
    return own.reduce((sum, { share }) => sum + share, 0) / (own.length || 1);
  };
  const parties = names.map((party) => {
    const own = rows.filter((row) => row.party === party);
    const gates = own.flatMap(({ gate }) => (gate === null ? [] : [gate]));
    return {
      party,
      clients: new Set(
        records.flatMap((r) => r.clients.filter((c) => c.party === party).map((c) => c.client)),
      ).size,
      share: all === 0 ? 0 : own.reduce((sum, { share }) => sum + share, 0) / all,
      relative: perTurn(party) / (perTurn(names[0]!) || Number.NaN),
      gate: gates.length > 0 ? gates.reduce((a, b) => a + b) / gates.length : null,
    };
  });
  return {
    accuracy: last.accuracy,
    loss: last.loss,
    rounds: records.length,
    voidRounds: records.length - settled.length,
    parties,
  };
}

/** The summed shares and, if computed, Shapley values of each client. */
export function totals(records: readonly RoundRecord[]): { share: number; shapley: number }[] {
  const sums = new Map<number, { share: number; shapley: number }>();
  for (const { client, share, shapley } of records.flatMap(({ clients }) => clients)) {
    const sum = sums.get(client) ?? { share: 0, shapley: 0 };
    sums.set(client, { share: sum.share + share, shapley: sum.shapley + (shapley ?? 0) });
  }
  return [...sums.entries()].sort(([a], [b]) => a - b).map(([, sum]) => sum);
}
