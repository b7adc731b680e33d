import { expect, it, vi } from 'vitest';
import { hostOf } from '../testing/ask.ts';
import { status } from '../testing/documents.ts';
import { nodeApp } from './node.ts';

it('the node API tells the status, and ends the process after it has answered', async () => {
  const shutdown = vi.fn();
  const { ask } = hostOf([nodeApp({ status: async () => status, shutdown })]);
  expect(await (await ask('GET', '/v1/status')).json()).toEqual(status);
  expect(await (await ask('POST', '/v1/shutdown')).json()).toEqual({ accepted: true });
  expect(shutdown).not.toHaveBeenCalled();
  await vi.waitFor(() => expect(shutdown).toHaveBeenCalledOnce());
});
