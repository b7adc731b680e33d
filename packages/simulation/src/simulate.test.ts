import type { PublicKnowledge } from '@chorus/service-training/simulation';
import { buildModel, syntheticDigits } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { attackBehaviour } from './behaviour.ts';
import { summarise, totals } from './outcome.ts';
import type { Party } from './parties.ts';
import { type RoundRecord, type SimulationOptions, simulate } from './simulate.ts';

const train = syntheticDigits({ seed: 1, count: 560 });
const test = syntheticDigits({ seed: 2, count: 100 });
const { inputShape, classes } = train;

const HONEST: Party = { name: 'honest', clients: 3 };
const setting: SimulationOptions = {
  model: buildModel('mlp', { inputShape, classes, seed: 1 }),
  train,
  test,
  parties: [HONEST],
  split: { kind: 'iid' },
  scoring: 'reference-projection',
  recipe: { localEpochs: 1, referenceEpochs: 3, batchSize: 10, learningRate: 0.1 },
  rounds: 2,
  seed: 1,
  validators: 3,
  committee: 16,
  scale: 2 ** -14,
  workers: 1,
};

async function play(changes: Partial<SimulationOptions>): Promise<RoundRecord[]> {
  const records: RoundRecord[] = [];
  for await (const record of simulate({ ...setting, ...changes })) records.push(record);
  return records;
}

describe('simulate', () => {
  it('simulate gives the same records for any number of workers, and others for another seed', async () => {
    const one = await play({});
    expect(await play({ workers: 3 })).toEqual(one);
    const other = await play({ seed: 2 });
    expect(other.map(({ digest }) => digest)).not.toEqual(one.map(({ digest }) => digest));
  });

  it('simulate pays all of each round to the trainers that help, and the model learns', async () => {
    const records = await play({
      parties: [HONEST, { name: 'sign', clients: 1, behaviour: attackBehaviour('sign') }],
    });
    for (const { clients } of records) {
      expect(clients.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
      expect(clients.at(-1)).toMatchObject({
        party: 'sign',
        weight: 0,
        share: 0,
        reason: 'points away from the reference',
      });
    }
    expect(records[1]!.accuracy).toBeGreaterThan(records[0]!.accuracy);
    const { parties } = summarise(records);
    expect(parties.map(({ party, clients }) => [party, clients])).toEqual([
      ['honest', 3],
      ['sign', 1],
    ]);
    expect(parties[0]!.share).toBeCloseTo(1, 6);
    expect(parties[1]).toMatchObject({ share: 0, relative: 0 });
  });

  it('simulate draws a committee for each round if there are more clients', async () => {
    const records = await play({ parties: [{ name: 'honest', clients: 12 }], committee: 4, rounds: 3 });
    const drawn = records.map(({ clients }) => clients.map(({ client }) => client));
    for (const committee of drawn) {
      expect(new Set(committee).size).toBe(4);
      expect(committee.every((index) => index >= 0 && index < 12)).toBe(true);
    }
    expect(new Set(drawn.map(String)).size).toBeGreaterThan(1);
  });

  it('names of one party that sends copies hold one data set and send one vector', async () => {
    const copies: Party = {
      name: 'copies',
      clients: 2,
      sharesData: true,
      behaviour: attackBehaviour('copies:2'),
    };
    const [record] = await play({ parties: [HONEST, copies], rounds: 1 });
    const [first, second] = record!.clients.slice(3);
    expect(second!.weight).toBeCloseTo(first!.weight, 3);
    // Two names earn about as much as one.
    const honest = record!.clients.slice(0, 3).reduce((sum, { share }) => sum + share, 0) / 3;
    expect(first!.share + second!.share).toBeLessThan(1.5 * honest);
  });

  it('a void round pays nothing and keeps the model, but its opened references are public', async () => {
    const known: PublicKnowledge[] = [];
    const looking: Party = {
      name: 'looking',
      clients: 1,
      behaviour: {
        trains: (before) => {
          known.push({ ...before, rounds: [...before.rounds] });
          return true;
        },
      },
    };
    const records = await play({ parties: [HONEST, looking], isVoid: (round) => round === 1 });
    expect(records[0]).toMatchObject({ void: true });
    expect(records[0]!.clients.every(({ share, weight }) => share === 0 && weight === 0)).toBe(true);
    expect(records[1]!.void).toBe(false);
    expect(known[0]!.rounds).toEqual([]);
    expect(known[1]!.rounds).toMatchObject([{ round: 1, aggregate: null }]);
    expect(known[1]!.rounds[0]!.references).toHaveLength(3);
    expect(known[1]!.rounds[0]!.updates).toHaveLength(4);
  });

  it('federated averaging weighs by samples, without validators', async () => {
    const [record] = await play({
      scoring: 'fedavg',
      rounds: 1,
      parties: [
        { name: 'honest', clients: 2 },
        { name: 'half', clients: 1, dataShare: 0.5 },
      ],
    });
    const weights = record!.clients.map(({ weight }) => weight);
    expect(weights[2]! / weights[0]!).toBeCloseTo(0.5, 1);
    expect(record!.void).toBe(false);
  });

  it('simulate computes exact Shapley values, which add up to what the round gained', async () => {
    const before = await play({ rounds: 1, scoring: 'fedavg', shapley: true });
    const value = totals(before).reduce((sum, { shapley }) => sum + shapley, 0);
    // Efficiency: loss of the untrained model minus that of the mean of all updates, which FedAvg on equal parts takes.
    const untrained = await play({
      rounds: 1,
      scoring: 'reference-trust',
      parties: [{ ...HONEST, behaviour: attackBehaviour('sign') }],
    });
    expect(untrained[0]!.void).toBe(true);
    expect(value).toBeCloseTo(untrained[0]!.loss - before[0]!.loss, 2);
  });

  it('simulate ends when aborted', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const records: RoundRecord[] = [];
    const playing = (async () => {
      for await (const record of simulate({ ...setting, rounds: 50, signal: abort.signal })) {
        records.push(record);
        abort.abort(reason);
      }
    })();
    await expect(playing).rejects.toThrow('enough');
    expect(records).toHaveLength(1);
  });
});
