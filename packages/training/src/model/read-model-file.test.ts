import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModelFile } from './read-model-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-model-'));
  await mkdir(join(folder, 'model'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Protobuf: a field with a length, and one with a number. */
const field = (number: number, ...parts: Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of((number << 3) | 2, body.length), body]);
};
const number = (tag: number, value: number): Buffer => Buffer.of(tag << 3, value);
const text = (value: string): Buffer => Buffer.from(value);

/** y = x w with w [2, 2] float32 in `location`, written by hand. */
function external(location: string): Buffer {
  const entry = (key: string, value: string) => field(13, field(1, text(key)), field(2, text(value)));
  const w = field(
    5,
    number(1, 2),
    number(1, 2),
    number(2, 1),
    field(8, text('w')),
    entry('location', location),
    number(14, 1),
  );
  const dim = (value: number) => field(1, number(1, value));
  const info = (name: string) =>
    Buffer.concat([field(1, text(name)), field(2, field(1, number(1, 1), field(2, dim(2), dim(2))))]);
  const node = field(
    1,
    field(1, text('x')),
    field(1, text('w')),
    field(2, text('y')),
    field(4, text('MatMul')),
  );
  const graph = field(7, node, field(2, text('g')), w, field(11, info('x')), field(12, info('y')));
  return Buffer.concat([number(1, 8), graph, field(8, number(2, 18))]);
}

describe('a model file with external data', () => {
  const path = () => join(folder, 'model', 'm.onnx');
  const values = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer);

  it('a model file with external data becomes one file', async () => {
    await writeFile(path(), external('w.bin'));
    await writeFile(join(folder, 'model', 'w.bin'), values);
    const bytes = Buffer.from(await readModelFile(path()));
    expect(bytes.includes(values)).toBe(true);
    expect(bytes.includes('w.bin')).toBe(false);
  });

  it('a model file with external data is refused if the data is missing, too short, or outside its folder, even by a link', async () => {
    await writeFile(path(), external('w.bin'));
    await expect(readModelFile(path())).rejects.toMatchObject({ code: 'E_MODEL_UNREADABLE' });
    await writeFile(join(folder, 'model', 'w.bin'), values.subarray(0, 12));
    await expect(readModelFile(path())).rejects.toMatchObject({ code: 'E_MODEL_UNREADABLE' });
    await rm(join(folder, 'model', 'w.bin'));
    await writeFile(join(folder, 'secret'), values);
    await symlink(join(folder, 'secret'), join(folder, 'model', 'w.bin'));
    await expect(readModelFile(path())).rejects.toMatchObject({ code: 'E_MODEL_UNREADABLE' });
    await writeFile(path(), external('../secret'));
    await expect(readModelFile(path())).rejects.toMatchObject({ code: 'E_MODEL_UNREADABLE' });
  });
});

it('the error of a missing file, or of one that is not a model, names it', async () => {
  const path = join(folder, 'none.onnx');
  await expect(readModelFile(path)).rejects.toMatchObject({ code: 'E_MODEL_UNREADABLE', facts: { path } });
  await writeFile(path, 'hello');
  await expect(readModelFile(path)).rejects.toMatchObject({ code: 'E_MODEL_CORRUPT', facts: { path } });
  await expect(readModelFile(folder)).rejects.toMatchObject({ hint: 'name the file in it' });
});

it.each([
  ['a file of PyTorch', 'PK\x03\x04\0\0', /torch\.onnx\.export/],
  ['a pickle', '\x80\x02}q', /pickle/],
  ['a file of Keras', '\x89HDF\r\n', /tf2onnx/],
  ['a compressed file', '\x1f\x8b\x08', /gunzip/],
  ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\n', /git lfs pull/],
  ['a web page', '<html>Not found</html>', /fetch the file/],
])('%s that is given for an ONNX model is named, with what to do', async (_, begins, hint) => {
  const path = join(folder, 'm.onnx');
  await writeFile(path, Buffer.concat([Buffer.from(begins, 'latin1'), Buffer.alloc(100)]));
  await expect(readModelFile(path)).rejects.toMatchObject({
    code: 'E_MODEL_CORRUPT',
    hint: expect.stringMatching(hint),
  });
});
