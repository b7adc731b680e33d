import { homedir } from 'node:os';
import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';

/** Variables for which an empty value is never a path or a setting. */
const OURS = /^(CHORUS_|XDG_)|^HOME$/;

/**
 * Treat variables that are set but empty as not set, for this process and those it starts: compose files,
 * unit files and shells set such variables, and an empty path would mean the current folder.
 */
export function forgetEmptyVariables(env: NodeJS.ProcessEnv = process.env): void {
  for (const [name, value] of Object.entries(env)) {
    if (OURS.test(name) && value !== undefined && value.trim() === '') delete env[name];
  }
}

/**
 * A path as a user has written it. A shell replaces a tilde by the home; unit files, compose files and quotes do not.
 * @throws ChorusError `E_USAGE` for an empty path, as `--home "$UNSET"` gives
 */
export function givenPath(path: string, option: string): string {
  if (path.trim() === '') {
    throw new ChorusError('E_USAGE', `${option} is empty`, {
      hint: 'give a path, or omit the option; a variable in the path may be unset',
    });
  }
  if (path === '~') return homedir();
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

/** A word of a command that users can copy into a shell: quoted if it has blanks or shell characters. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
