import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { forgetEmptyVariables, givenPath, shellWord } from './environment.ts';

it('a variable that is set but empty counts as not set', () => {
  const env = {
    CHORUS_HOME: '',
    CHORUS_PASSWORD_FILE: ' ',
    XDG_CACHE_HOME: '',
    HOME: '',
    OTHER: '',
    CHORUS_SEED: '1',
  };
  forgetEmptyVariables(env);
  expect(env).toEqual({ OTHER: '', CHORUS_SEED: '1' });
});

it('a path expands a tilde, and is never empty', () => {
  expect(givenPath('~/x', '--home')).toBe(join(homedir(), 'x'));
  expect(givenPath('~', '--home')).toBe(homedir());
  expect(givenPath('a/~b', '--home')).toBe('a/~b');
  for (const empty of ['', '  ']) {
    expect(() => givenPath(empty, '--home')).toThrow(expect.objectContaining({ code: 'E_USAGE' }));
  }
});

it('a printed command can be copied, whatever its paths are', () => {
  expect(shellWord('/home/me/.chorus')).toBe('/home/me/.chorus');
  expect(shellWord('/my node/$x')).toBe("'/my node/$x'");
  expect(shellWord("it's")).toBe("'it'\\''s'");
});
