import { describe, expect, it } from 'vitest';
import type { FollowedTask } from './followed-task.ts';
import { peerScore } from './peer-score.ts';

const task = (status: string, peerId: string) =>
  ({ task: { status }, context: { members: [{ peerId }] } }) as unknown as FollowedTask;

describe('the standing of a peer', () => {
  it('the score of a peer is that of a member only while its task runs', () => {
    const standing = peerScore(() => [task('running', 'alice'), task('ended', 'bob')]);
    expect(standing('alice')).toBeGreaterThan(0);
    expect(standing('bob')).toBe(0);
    expect(standing('mallory')).toBe(0);
  });

  it('the score looks up membership once for many messages', () => {
    let asked = 0;
    const standing = peerScore(() => {
      asked++;
      return [];
    });
    for (let i = 0; i < 1000; i++) standing(`peer ${i}`);
    expect(asked).toBeLessThan(10);
  });
});
