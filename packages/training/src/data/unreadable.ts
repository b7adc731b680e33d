import { ChorusError } from '@chorus/protocol';

const HINTS: Record<string, string> = {
  ENOENT: 'there is no such file or folder; check the spelling',
  EACCES: 'this user may not read it; change its permissions or owner',
  EPERM: 'this user may not read it; change its permissions or owner',
  ENOTDIR: 'a folder is needed here; name the folder that holds the files',
  EISDIR: 'a file is needed here, and this is a folder',
};

/** The error of `loadDataset` and its parts if the file system refuses. */
export function unreadable(path: string, cause: unknown): ChorusError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new ChorusError('E_DATA_UNREADABLE', 'cannot read the data', {
    facts: { path, reason: code || undefined },
    hint: HINTS[code] ?? 'check that it exists and is readable',
    cause,
  });
}
