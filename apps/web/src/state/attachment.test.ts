import { expect, it } from 'vitest';
import { attachmentOf, base64Of, faultOfFiles, MOST_FILE_BYTES } from './attachment.ts';

const file = (bytes: number) => ({ name: 'a', mediaType: 'image/png', bytes: new Uint8Array(bytes) });

it('bytes become base64, however many they are', () => {
  const bytes = Uint8Array.from({ length: 100_001 }, (_, i) => i % 251);
  expect(base64Of(bytes)).toBe(Buffer.from(bytes).toString('base64'));
  expect(base64Of(new Uint8Array())).toBe('');
});

it('too many files, and files that are too large together, are refused before they are sent', () => {
  expect(faultOfFiles([file(MOST_FILE_BYTES - 1), file(1)])).toBeNull();
  expect(faultOfFiles([file(MOST_FILE_BYTES), file(1)])).toContain('1 MB');
  expect(faultOfFiles(Array(5).fill(file(1)))).toContain('4 files');
});

it('a file whose kind is not known, or is no media type, is one of bytes', async () => {
  expect(await attachmentOf(new File(['x'], 'a.bin'))).toMatchObject({
    mediaType: 'application/octet-stream',
  });
  expect(await attachmentOf(new File(['x'], 'a', { type: 'text/plain; charset=utf-8' }))).toMatchObject({
    mediaType: 'application/octet-stream',
  });
  expect(await attachmentOf(new File(['x'], 'a.png', { type: 'image/png' }))).toEqual({
    name: 'a.png',
    mediaType: 'image/png',
    bytes: Uint8Array.of(120),
  });
});
