import { describe, expect, it } from 'vitest';
import type { EventJson } from './event-schema.ts';
import { logMessageOf } from './log-messages.ts';
import type { NodeEvent } from './training-events.ts';

const TOKEN = '0x00000000000000000000000000000000000000aa';
const round = { taskId: 7n, round: 3 };

/** One of each: a kind of event that is added has to be added here. */
const EVENTS: { [T in NodeEvent['type']]: Extract<NodeEvent, { type: T }> } = {
  ready: { type: 'ready', address: TOKEN, peerId: '12D3KooWabc', multiaddrs: ['/ip4/127.0.0.1/tcp/1'] },
  'task-refused': {
    type: 'task-refused',
    taskId: 7n,
    code: 'E_LIMIT_HOURS',
    message: 'not now',
    hint: 'wait',
  },
  publishing: { type: 'publishing', publication: 'once', step: 'escrow' },
  published: { type: 'published', publication: 'once', taskId: 7n },
  'publication-failed': {
    type: 'publication-failed',
    publication: 'once',
    code: 'E_TASK_BUDGET',
    message: 'too little',
    hint: null,
  },
  'task-cancelled': {
    type: 'task-cancelled',
    taskId: 7n,
    refunded: 1500n,
    decimals: 18,
    code: 'E_X',
    message: 'the disk is gone',
    hint: null,
  },
  joined: { type: 'joined', taskId: 7n },
  left: { type: 'left', taskId: 7n },
  committed: { type: 'committed', ...round },
  'stage-started': { type: 'stage-started', ...round, stage: 'prove' },
  stage: { type: 'stage', ...round, stage: 'prove', seconds: 12.34 },
  progress: { type: 'progress', ...round, stage: 'train', fraction: 0.256 },
  scores: { type: 'scores', ...round, reasons: ['It was good.', 'It was not.'] },
  'payload-refused': {
    type: 'payload-refused',
    ...round,
    author: TOKEN,
    code: 'E_X',
    message: 'it is empty',
    hint: null,
  },
  model: { type: 'model', ...round, digest: `0x${'ab'.repeat(32)}` },
  'round-ended': {
    type: 'round-ended',
    ...round,
    outcome: 'settled',
    token: TOKEN,
    decimals: 18,
    weight: 32768,
    share: 2 ** 31,
    reward: 1500n,
    fee: 0n,
    reason: 'Earned its share.',
  },
  'task-ended': {
    type: 'task-ended',
    taskId: 7n,
    claimed: 1500n,
    decimals: 18,
    opensCommitment: true,
    modelCid: 'bafy',
  },
  paused: { type: 'paused', code: 'E_LIMIT_HOURS', message: 'work is begun only at night', hint: 'wait' },
  resumed: { type: 'resumed', code: 'E_LIMIT_HOURS' },
  'condition-began': {
    type: 'condition-began',
    code: 'E_NO_PEERS',
    message: 'no peer is connected',
    hint: 'check network.bootstrap',
  },
  'condition-ended': {
    type: 'condition-ended',
    code: 'E_NO_PEERS',
    message: 'no peer is connected',
    seconds: 90,
  },
  stopping: { type: 'stopping' },
  'peer-connected': {
    type: 'peer-connected',
    peerId: '12D3KooWabc',
    address: '/ip4/1.2.3.4',
    direction: 'inbound',
  },
  'peer-disconnected': { type: 'peer-disconnected', peerId: '12D3KooWabc' },
  'peer-banned': { type: 'peer-banned', peerId: '12D3KooWabc', until: null, reason: 'flood' },
  warning: { type: 'warning', code: 'E_X', message: 'something is wrong', hint: 'do this' },
};

const asJson = (event: NodeEvent) =>
  JSON.parse(JSON.stringify(event, (_, v) => (typeof v === 'bigint' ? String(v) : v))) as EventJson;

describe('an event as a sentence', () => {
  it.each(Object.values(EVENTS).map((event) => [event.type, event] as const))(
    'an event of type %s is one sentence',
    (_, event) => {
      const { level, text } = logMessageOf(event);
      expect(['debug', 'info', 'warn']).toContain(level);
      expect(text).not.toMatch(/undefined|NaN|\[object|[{}]/);
      expect(text.length).toBeGreaterThan(10);
      // The same event from the stream, in which big numbers are text.
      expect(logMessageOf(asJson(event))).toEqual({ level, text });
    },
  );

  it('tells money the way the caller writes it', () => {
    const { text } = logMessageOf(EVENTS['round-ended'], {
      amount: (units, decimals) => `${units} of ${decimals} decimals`,
    });
    expect(text).toBe(
      'Task 7, round 3 is settled, weight 50.0 %, share 50.0 %: earned 1500 of 18 decimals. Earned its share.',
    );
  });

  it('a message names the task of a warning', () => {
    const about = {
      type: 'warning',
      code: 'E_X',
      message: 'something is wrong',
      subject: 'Task 7',
      taskId: 7n,
      hint: null,
    } as const;
    expect(logMessageOf(about).text).toBe('Task 7: E_X: something is wrong');
  });

  it('a message warns of a void round, and of a model that does not match the chain', () => {
    const ended = EVENTS['round-ended'];
    expect(logMessageOf({ ...ended, outcome: 'void', weight: null, share: null }).level).toBe('warn');
    expect(logMessageOf({ ...EVENTS['task-ended'], opensCommitment: false })).toMatchObject({
      level: 'warn',
      text: expect.stringContaining('do not use it'),
    });
    expect(logMessageOf({ ...EVENTS['task-ended'], opensCommitment: false, left: true }).level).toBe('info');
  });

  it('a message can be made of an event of a later version', () => {
    const unknown = { type: 'something-new', taskId: 7n } as unknown as NodeEvent;
    expect(logMessageOf(unknown)).toEqual({ level: 'debug', text: '{"type":"something-new","taskId":"7"}' });
  });

  it('a message stays one line without terminal control characters, even with a stranger’s text', () => {
    const message =
      'refused: \u001b]0;owned\u0007\u009b2J ok\r\n12:00:00 INFO: all is well\u2028\u202egnp.exe \u65e5\u672c';
    const { text } = logMessageOf({ type: 'warning', code: 'E_X', message, hint: null });
    expect(text).toBe(
      'E_X: refused: \ufffd]0;owned\ufffd\ufffd2J ok  12:00:00 INFO: all is well \ufffdgnp.exe \u65e5\u672c',
    );
  });
});
