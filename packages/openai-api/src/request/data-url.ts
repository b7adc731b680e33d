import { z } from 'zod';

const DATA_URL =
  /^data:([a-z0-9][\w.+-]{0,60}\/[a-z0-9][\w.+-]{0,60})(?:;[\w.+-]{1,60}=[^;,]{0,200}){0,8};base64,/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** A file that is part of its URL. No other URL is accepted: an agent's host fetches nothing that a stranger names. */
export const dataUrlSchema = z.string().transform((url, context) => {
  const mediaType = DATA_URL.exec(url.slice(0, 3_000));
  const base64 = mediaType ? url.slice(mediaType[0].length) : '';
  if (!mediaType || base64 === '' || base64.length % 4 !== 0 || !BASE64.test(base64)) {
    context.issues.push({
      code: 'custom',
      message: 'must be a data: URL in base64, such as data:image/png;base64,...; other URLs are not fetched',
      input: null,
    });
    return z.NEVER;
  }
  return { mediaType: mediaType[1]!.toLowerCase(), bytes: new Uint8Array(Buffer.from(base64, 'base64')) };
});
