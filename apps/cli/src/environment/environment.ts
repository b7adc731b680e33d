import { homedir } from 'node:os';
import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';

/** Variables in which nothing means what a path or a setting means. */
const OURS = /^(CHORUS_|XDG_)|^HOME$/;

/**
 * Take variables that are set and empty for ones that are not set, for this process and those it starts: compose files,
 * unit files and shells make them, and an empty path would mean the current folder.
 */
export function forgetEmptyVariables(env: NodeJS.ProcessEnv = process.env): void {
  for (const [name, value] of Object.entries(env)) {
    if (OURS.test(name) && value !== undefined && value.trim() === '') delete env[name];
  }
}

/**
 * A path as somebody has written it. A shell puts the home in place of a tilde; unit files, compose files and quotes do
 * not.
 * @throws ChorusError `E_USAGE` for nothing at all, as `--home "$UNSET"` gives
 */
export function givenPath(path: string, option: string): string {
  if (path.trim() === '') {
    throw new ChorusError('E_USAGE', `${option} is empty`, {
      hint: 'give a path, or leave it out; a variable in it may not be set',
    });
  }
  if (path === '~') return homedir();
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

/** A word of a command that somebody may copy into a shell: in quotes where it has blanks or signs of the shell. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
