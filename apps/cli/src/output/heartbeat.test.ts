import { afterEach, expect, it } from 'vitest';
import { Heartbeat } from './heartbeat.ts';

let beat: Heartbeat | undefined;
afterEach(() => beat?.stop());

function made() {
  const said: string[] = [];
  let now = 1_000_000;
  const heartbeat = new Heartbeat(
    (text) => said.push(text),
    () => now,
  );
  beat = heartbeat;
  const after = (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      now += 1000;
      heartbeat.tick();
    }
  };
  return { said, heartbeat, after };
}

it('a heartbeat reports its wait when it changes, and again before ten seconds of silence', () => {
  const { said, heartbeat, after } = made();
  heartbeat.waitFor('checking');
  heartbeat.waitFor('checking');
  expect(said).toEqual(['checking ...']);
  after(9);
  expect(said).toEqual(['checking ...', 'checking (8 s so far) ...']);
  heartbeat.waitFor('escrowing');
  expect(said.at(-1)).toBe('escrowing ...');
});

it('other output resets the silence, and the remaining time is read for each report', () => {
  const { said, heartbeat, after } = made();
  let left = 60;
  heartbeat.waitFor('members', () => `${left} s left`);
  after(5);
  heartbeat.told();
  after(7);
  expect(said).toHaveLength(1);
  left = 48;
  after(1);
  expect(said.at(-1)).toBe('members (13 s so far, 48 s left) ...');
});

it('a wait that should be quick is reported only if it is not', () => {
  const { said, heartbeat, after } = made();
  heartbeat.waitFor('escrowing');
  heartbeat.expect('looking');
  after(7);
  expect(said).toEqual(['escrowing ...']);
  after(1);
  expect(said.at(-1)).toBe('looking (8 s so far) ...');
});

it('a long wait is reported less often', () => {
  const { said, heartbeat, after } = made();
  heartbeat.waitFor('updates');
  after(120);
  const early = said.length;
  expect(early).toBeGreaterThan(12);
  after(600);
  expect(said.length - early).toBe(10);
});

it('a heartbeat reports nothing before the first wait or after the end', () => {
  const { said, heartbeat, after } = made();
  after(20);
  heartbeat.waitFor('members');
  heartbeat.stop();
  after(20);
  expect(said).toEqual(['members ...']);
});
