import { expect, it } from 'vitest';
import { createProgram } from './program.ts';

it('the program builds a single command as it builds it among all', async () => {
  const all = await createProgram();
  for (const command of all.commands) {
    const alone = await createProgram(command.name());
    expect(alone.commands.map((one) => one.name())).toEqual([command.name()]);
    expect(alone.commands[0]!.helpInformation()).toBe(command.helpInformation());
  }
  expect((await createProgram('nothing-of-ours')).commands.map((one) => one.name())).toEqual(
    all.commands.map((one) => one.name()),
  );
});
