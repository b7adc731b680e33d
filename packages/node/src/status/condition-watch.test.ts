import { expect, it } from 'vitest';
import type { HostEvent } from '../events/events.ts';
import { ConditionWatch } from './condition-watch.ts';

const away = { code: 'E_CHAIN_UNREACHABLE', message: 'the chain does not answer', hint: 'check it' };
const alone = { code: 'E_NO_PEERS', message: 'no peer is connected', hint: 'check it' };

it('a condition is reported when it begins and when it ends, once each', async () => {
  const told: HostEvent[] = [];
  let now = 1_000;
  let holds = [away];
  const watch = new ConditionWatch(
    (event) => told.push(event),
    async () => holds,
    () => now,
  );
  for (let i = 0; i < 3; i++) await watch.look();
  expect(told).toEqual([{ type: 'condition-began', ...away }]);
  now = 91_000;
  holds = [alone];
  await watch.look();
  expect(told.slice(1)).toEqual([
    { type: 'condition-began', ...alone },
    { type: 'condition-ended', code: away.code, message: away.message, seconds: 90 },
  ]);
  watch.update([alone, away]);
  expect(watch.current()).toEqual([
    { ...alone, since: 91_000 },
    { ...away, since: 91_000 },
  ]);
});

it('a failed check ends no condition, and a closed watch reports nothing', async () => {
  const told: HostEvent[] = [];
  let fails = false;
  const watch = new ConditionWatch(
    (event) => told.push(event),
    async () => {
      if (fails) throw new Error('not now');
      return [away];
    },
  );
  await watch.look();
  fails = true;
  await watch.look();
  expect(told).toHaveLength(1);
  watch.close();
  watch.update([]);
  expect(told).toHaveLength(1);
});
