import { expect, it } from 'vitest';
import { runChorus } from '../testing/run-chorus.ts';

it.each([
  ['till show x', 'agent find'],
  ['till show ../7', 'agent find'],
  ['till collect 7.5', 'agent find'],
  ['units show x', 'agent find'],
  ['units show 7 0', 'units are whole'],
  ['units buy 7 1e3', 'units are whole'],
  ['units sell x 1', 'agent find'],
])(
  'an argument that is not a number is refused before any node is asked, by what was given: %s',
  async (command, hint) => {
    const { code, stderr } = await runChorus([...command.split(' '), '--home', '/nonexistent']);
    expect({ code, said: stderr.includes(hint) && /given=\S/.test(stderr) }).toEqual({
      code: 64,
      said: true,
    });
  },
);
