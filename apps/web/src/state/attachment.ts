/** A file that goes with a question. */
export interface Attachment {
  name: string;
  mediaType: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Files of one question, and their bytes together, as the node takes them. */
export const MOST_FILES = 4;
export const MOST_FILE_BYTES = 1024 * 1024;

/** Why these files cannot be sent together; null if they can. */
export function faultOfFiles(files: readonly Attachment[]): string | null {
  if (files.length > MOST_FILES) return `A question may have ${MOST_FILES} files.`;
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  return bytes > MOST_FILE_BYTES ? 'The files are larger than 1 MB together.' : null;
}

/** Bytes in base64, as JSON carries them. */
export function base64Of(bytes: Uint8Array): string {
  let text = '';
  // In pieces: a call takes no more arguments than its stack has room for.
  for (let at = 0; at < bytes.length; at += PIECE)
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(text);
}

const PIECE = 0x2000;

export async function attachmentOf(file: File): Promise<Attachment> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return { name: file.name.slice(0, 200), mediaType: typeOf(file), bytes };
}

/** What the browser says the file is; its name may say nothing. */
const typeOf = ({ type }: File) => (/^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream');
