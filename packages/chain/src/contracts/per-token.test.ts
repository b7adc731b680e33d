import type { Address } from '@chorus/protocol';
import { expect, it } from 'vitest';
import { oncePerToken } from './per-token.ts';

const [ONE, TWO] = [`0x${'ab'.repeat(20)}`, `0x${'02'.repeat(20)}`] as [Address, Address];

it('a fact of a token is asked once, in whatever case and at whatever time', async () => {
  const asked: string[] = [];
  const decimals = oncePerToken(async (token) => asked.push(token));
  expect(await Promise.all([decimals(ONE), decimals(ONE), decimals(TWO)])).toEqual([1, 1, 2]);
  expect(await decimals(ONE.toUpperCase().replace('0X', '0x') as Address)).toBe(1);
  expect(asked).toEqual([ONE, TWO]);
});

it('a fact of a token that is missing, or could not be read, is asked again', async () => {
  const answers = [new Error('no answer'), null, 'CHOR', 'OTHER'];
  const symbol = oncePerToken(async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  await expect(symbol(ONE)).rejects.toThrow('no answer');
  expect(await symbol(ONE)).toBeNull();
  expect(await symbol(ONE)).toBe('CHOR');
  expect(await symbol(ONE)).toBe('CHOR');
});

it('facts of more tokens than are cached are still told', async () => {
  const decimals = oncePerToken(async (token) => BigInt(token));
  for (let i = 0n; i < 2_500n; i++) {
    expect(await decimals(`0x${i.toString(16).padStart(40, '0')}`)).toBe(i);
  }
});
