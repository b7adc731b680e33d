import { expect, it } from 'vitest';
import { COMMERCE } from './abis.ts';
import { decodeJob } from './decode-jobs.ts';

it('a job whose description is no UTF-8 can be read all the same', () => {
  const account = `0x${'a1'.repeat(20)}`;
  const zero = `0x${'00'.repeat(32)}`;
  const job = [account, account, account, account, account, 5, 9, 0, 100, 0, 0, zero, account, 'zz'];
  const data = COMMERCE.encodeFunctionResult('getJob', [job]).replace('7a7a', 'ff7a');
  const [found] = COMMERCE.decodeFunctionResult('getJob', data);
  expect(decodeJob(3n, found)).toMatchObject({
    jobId: 3n,
    budget: 5n,
    status: 'open',
    description: '\uFFFD',
  });
});
