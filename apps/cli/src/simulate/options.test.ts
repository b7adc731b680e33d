import { describe, expect, it } from 'vitest';
import { parseSimulateOptions, type RawSimulateOptions } from './options.ts';

const raw: RawSimulateOptions = {
  clients: '10',
  committee: '16',
  validators: '3',
  rounds: '8',
  split: 'iid',
  rule: 'reference-projection',
  novelty: true,
  model: 'mlp',
  seeds: '1',
};
const parse = (changes: Partial<RawSimulateOptions>) => parseSimulateOptions({ ...raw, ...changes });

describe('options of chorus simulate', () => {
  it('a third of the clients attack by default, as many names as the attack defines, none without an attack', () => {
    expect(parse({ attack: 'label' }).attackers).toBe(3);
    expect(parse({ attack: 'label', attackers: '4' }).attackers).toBe(4);
    expect(parse({ attack: 'copies:5' }).attackers).toBe(5);
    expect(parse({}).attackers).toBe(0);
  });

  it('simulate accepts several seeds', () => {
    expect(parse({ seeds: '3,1,4' }).seeds).toEqual([3, 1, 4]);
  });

  it.each<[Partial<RawSimulateOptions>, string]>([
    [{ clients: '1' }, '--clients'],
    [{ committee: '17' }, '--committee'],
    [{ seeds: '1,x' }, '--seeds'],
    [{ seeds: '' }, '--seeds'],
    [{ rule: 'krum' }, '--rule'],
    [{ model: 'gpt' }, '--model'],
    [{ attack: 'bribe' }, '--attack'],
    [{ attackers: '2' }, '--attack'],
    [{ attack: 'copies:2', attackers: '3' }, '--attackers'],
    [{ attack: 'label', attackers: '10' }, '--attackers'],
    [{ novelty: false, rule: 'fedavg' }, '--no-novelty'],
    [{ rounds: '0' }, '--rounds'],
    [{ workers: '0' }, '--workers'],
  ])('simulate refuses %j and names %s', (changes, option) => {
    expect(() => parse(changes)).toThrow(
      expect.objectContaining({ code: 'E_USAGE', message: expect.stringContaining(option) }),
    );
  });
});
