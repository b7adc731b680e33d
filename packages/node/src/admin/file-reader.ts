import { ChorusError } from '@chorus/protocol';

/** Uploads of files, one at a time: each may take hundreds of megabytes of memory. */
export class FileReader {
  #busy = false;

  /**
   * @throws ChorusError `E_ADMIN_BUSY`, `E_ADMIN_CONTENT_TYPE`, `E_ADMIN_TOO_LARGE`, `E_ADMIN_BAD_REQUEST` if the
   * file is empty
   */
  async read(request: Request, maxBytes: number): Promise<Uint8Array> {
    checkType(request, 'application/octet-stream', 'a file');
    if (this.#busy) {
      throw new ChorusError('E_ADMIN_BUSY', 'another upload is in progress', {
        hint: 'try again in a moment',
      });
    }
    this.#busy = true;
    try {
      const bytes = await readBytes(request, maxBytes);
      if (bytes.length > 0) return bytes;
      throw new ChorusError('E_ADMIN_BAD_REQUEST', 'the file is empty');
    } finally {
      this.#busy = false;
    }
  }
}

/** @throws ChorusError `E_ADMIN_CONTENT_TYPE` */
export function checkType(request: Request, type: string, what: string): void {
  const given = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (given === type) return;
  throw new ChorusError('E_ADMIN_CONTENT_TYPE', `the request must be ${what}`, {
    hint: `send Content-Type: ${type}`,
  });
}

/** Refuses a body by its stated length, or as soon as it is longer than allowed. */
async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new ChorusError('E_ADMIN_TOO_LARGE', 'the request is too large', { facts: { limit: maxBytes } });
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
