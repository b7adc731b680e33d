import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_ALLOWED } from '@chorus/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addresses, ruleNamed, shape, type TaskPlace, type TaskWishes, taskRequest } from './request.ts';

const account = (n: number) => `0x${n.toString(16).padStart(40, '0')}` as const;
const place: TaskPlace = {
  token: account(1),
  decimals: 18,
  validators: [account(2), account(3)],
  data: { name: 'digits', inputShape: [4], classes: 3 },
  pace: 1,
};
const wishes: TaskWishes = { model: 'mlp', rounds: '2', trainers: '3', budget: '50', stake: '10', seed: '7' };
const request = (more: Partial<TaskWishes> = {}, there: Partial<TaskPlace> = {}) =>
  taskRequest({ ...wishes, ...more }, { ...place, ...there });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-wishes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the request for a task', () => {
  it('counts money in the smallest unit of the token', async () => {
    expect((await request({ budget: '12.5', stake: '0' })).params).toMatchObject({
      budget: 12_500_000_000_000_000_000n,
      stake: 0n,
    });
    expect((await request({ budget: '12.5' }, { decimals: 1 })).params.budget).toBe(125n);
  });

  it('counts percent of the command in hundredths on chain', async () => {
    const { params } = await request({ aggregatorFee: '1.25', slashBurn: '50', minShare: '0' });
    expect(params).toMatchObject({ aggregatorFeeBps: 125, slashBurnBps: 5_000, minShareBps: 0 });
  });

  it('is named after its model and data, unless it is given a name', async () => {
    expect((await request()).terms.name).toBe('mlp on digits');
    expect((await request({ name: 'mine' })).terms.name).toBe('mine');
  });

  it('makes the same model of the same seed', async () => {
    expect((await request()).model).toEqual((await request()).model);
    expect((await request({ seed: '8' })).model).not.toEqual((await request()).model);
  });

  it('seals payloads unless they are public', async () => {
    expect((await request()).terms.payloads).toBe('sealed');
    expect((await request({ payloads: 'public' })).terms.payloads).toBeUndefined();
  });

  it('has the optimiser that its options imply', async () => {
    const of = async (more: Partial<TaskWishes>) => (await request(more)).terms.optimizer;
    expect(await of({ momentum: '0.9' })).toEqual({ kind: 'sgd', momentum: 0.9, weightDecay: 0 });
    expect(await of({ weightDecay: '0.01' })).toEqual({ kind: 'sgd', momentum: 0, weightDecay: 0.01 });
    expect(await of({ optimizer: 'adamw' })).toEqual({ kind: 'adamw', weightDecay: 0 });
  });

  it('keeps a scale as the float32 that the terms hold', async () => {
    expect((await request({ scale: '0.1' })).terms.scale).toBe(Math.fround(0.1));
  });

  it('lists accounts once, in order, from a text or a file', async () => {
    const list = join(folder, 'accounts.txt');
    await writeFile(list, `${account(9)}\n${account(5)}, ${account(9).toUpperCase().replace('0X', '0x')}\n`);
    const expected = [account(5), account(9)];
    expect((await request({ allow: list })).terms.allow).toEqual(expected);
    expect((await request({ allow: `${account(9)},${account(5)}` })).terms.allow).toEqual(expected);
  });

  it.each([
    ['a negative budget', { budget: '-1' }, '--budget'],
    ['a budget in words', { budget: 'much' }, '--budget'],
    ['more decimals than the token has', { stake: `0.${'0'.repeat(18)}1` }, '--stake'],
    ['no rounds', { rounds: '0' }, 'rounds'],
    ['half a round', { rounds: '1.5' }, 'rounds'],
    ['too many trainers', { trainers: '17' }, 'trainers'],
    ['more trainers to begin with than places', { minTrainers: '4' }, 'min-trainers'],
    ['more validators to sign than there are', { minValidators: '3' }, 'min-validators'],
    ['a fee above one half', { validatorFee: '51' }, 'validator-fee'],
    ['less burnt than the half that the contracts require', { slashBurn: '49' }, 'slash-burn'],
    ['a phase shorter than the contracts accept', { commitSeconds: '4' }, 'commit-seconds'],
    ['an unknown rule', { rule: 'mean' }, '--rule'],
    ['payloads that are neither', { payloads: 'open' }, '--payloads'],
    ['momentum of adamw', { optimizer: 'adamw', momentum: '0.9' }, '--momentum'],
    ['an unknown optimiser', { optimizer: 'lion' }, '--optimizer'],
    ['a model that is not there', { model: 'no/such.onnx' }, '--model'],
    ['no accounts', { allow: ' ' }, '--allow'],
    ['a seed beyond 31 bits', { seed: '2147483648' }, 'seed'],
  ])('is refused with %s, and the message names the option', async (_, more, option) => {
    await expect(request(more)).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringContaining(option),
    });
  });

  it('is refused if there are more accounts than the terms hold, or their file is too long', async () => {
    const many = Array.from({ length: MAX_ALLOWED + 1 }, (_, i) => account(i + 1)).join(',');
    await expect(request({ allow: many })).rejects.toThrow('--allow');
    const list = join(folder, 'long.txt');
    await writeFile(list, ' '.repeat(65 * 1024));
    await expect(request({ allow: list })).rejects.toThrow('--allow');
  });

  it('needs the shape of the samples for a model that is built here', async () => {
    await expect(request({}, { data: null })).rejects.toMatchObject({
      code: 'E_USAGE',
      hint: expect.stringContaining('--input-shape'),
    });
  });
});

describe('a word of the request', () => {
  it('is a shape of up to five sizes', () => {
    expect(shape('1x28x28')).toEqual([1, 28, 28]);
    for (const text of ['', '0', '1x', '1.5x2', '1x1x1x1x1x1', '65537', '-1', '1,28']) {
      expect(() => shape(text), text).toThrow('--input-shape');
    }
  });

  it('is a list of accounts in lower case, or an error that quotes the malformed one', () => {
    expect(addresses(` ${account(10).toUpperCase().replace('0X', '0x')},${account(2)} `)).toEqual([
      account(10),
      account(2),
    ]);
    expect(() => addresses(`${account(1)} 0x12`)).toThrow(
      expect.objectContaining({ facts: { given: '0x12' } }),
    );
  });

  it('is a rule by its name, and by nothing else', () => {
    expect(ruleNamed('reference-trust')).toBe('reference-trust');
    for (const text of ['', 'Reference-Trust', 'constructor'])
      expect(() => ruleNamed(text), text).toThrow('--rule');
  });
});
