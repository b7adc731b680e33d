import { expect, it } from 'vitest';
import { FileReader } from './file-reader.ts';

it('a file reader reads no more of a file than the limit, and one file at a time', async () => {
  const files = new FileReader();
  let sent = 0;
  let go = () => {};
  const budget = new Promise<void>((resolve) => {
    go = resolve;
  });
  const request = (body: ReadableStream | Uint8Array<ArrayBuffer>) =>
    new Request('http://127.0.0.1', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body,
      ...{ duplex: 'half' },
    });
  const endless = new ReadableStream({
    async pull(controller) {
      if (sent === 1000) await budget;
      sent += 1000;
      controller.enqueue(new Uint8Array(1000));
    },
  });
  const first = files.read(request(endless), 5000);
  await expect(files.read(request(new Uint8Array(1)), 5000)).rejects.toMatchObject({
    code: 'E_ADMIN_BUSY',
  });
  go();
  await expect(first).rejects.toMatchObject({ code: 'E_ADMIN_TOO_LARGE' });
  expect(sent).toBeLessThan(20_000);
  expect(await files.read(request(new Uint8Array(1)), 5000)).toEqual(new Uint8Array(1));
});
