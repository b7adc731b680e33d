import { type AnyEvent, type Meter, setRows } from '@chorus/node';
import type { TrainingEvent } from '../events/training-events.ts';

/** Upper bounds in seconds: a round of a small model takes seconds, one of a large model many minutes. */
const STAGE_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];
const PROOF_BUCKETS = [1, 2, 5, 10, 20, 30, 60, 120, 300];

/** The state of training when the metrics are read. */
export interface TrainingReadings {
  /** Duties in progress or waiting for a retry. */
  queue: number;
  tasks: { status: string; count: number }[];
  /** Amounts by token, in its smallest unit; a float of 53 bits, exact enough for display but not for accounting. */
  earned: { token: string; kind: 'reward' | 'fee'; amount: number }[];
  claimable: { token: string; amount: number }[];
  staked: { token: string; amount: number }[];
  /** Decimals of these tokens, as far as the chain says: an amount divided by 10^decimals is in whole tokens. */
  decimals: { token: string; decimals: number }[];
}

/** The metrics of training; the returned function counts its events. */
export function trainingMetrics(
  meter: Meter,
  read: () => Promise<TrainingReadings>,
): (event: AnyEvent) => void {
  const rounds = meter.counter('rounds_total', 'Rounds of followed tasks that have ended', ['outcome']);
  const stages = meter.histogram('stage_seconds', 'Time of one stage of a round', STAGE_BUCKETS, ['stage']);
  const proofs = meter.histogram('proof_seconds', 'Time of one proof of contribution', PROOF_BUCKETS);
  const tasks = meter.counter('tasks_refused_total', 'Tasks seen and not joined', ['code']);
  const payloads = meter.counter('payloads_refused_total', 'Payloads left out of an aggregate', ['code']);
  const apply = readings(meter);
  meter.beforeRead(async () => apply(await read()));
  return (any) => {
    const event = any as TrainingEvent;
    switch (event.type) {
      case 'stage':
        stages.observe({ stage: event.stage }, event.seconds);
        if (event.stage === 'prove') proofs.observe(event.seconds);
        break;
      case 'task-refused':
        tasks.inc({ code: event.code });
        break;
      case 'payload-refused':
        payloads.inc({ code: event.code });
        break;
      case 'round-ended':
        rounds.inc({ outcome: event.outcome });
        break;
    }
  };
}

function readings(meter: Meter): (now: TrainingReadings) => void {
  const queue = meter.gauge('queue_depth', 'Duties in progress or waiting for a retry');
  const tasks = meter.gauge('tasks', 'Followed tasks by status on chain', ['status']);
  const earned = meter.gauge('earned_tokens', "Earned in all rounds, in the token's smallest unit", [
    'token',
    'kind',
  ]);
  const claimable = meter.gauge(
    'claimable_tokens',
    "Amount that can be claimed on chain now, in the token's smallest unit",
    ['token'],
  );
  const staked = meter.gauge('staked_tokens', "Stake locked in tasks, in the token's smallest unit", [
    'token',
  ]);
  const decimals = meter.gauge(
    'token_decimals',
    'Decimals of a token: amounts are in its smallest unit, 10^-decimals of a token',
    ['token'],
  );
  return (now) => {
    queue.set(now.queue);
    setRows(tasks, now.tasks, ({ status, count }) => [{ status }, count]);
    setRows(earned, now.earned, ({ token, kind, amount }) => [{ token, kind }, amount]);
    setRows(claimable, now.claimable, ({ token, amount }) => [{ token }, amount]);
    setRows(staked, now.staked, ({ token, amount }) => [{ token }, amount]);
    setRows(decimals, now.decimals, (row) => [{ token: row.token }, row.decimals]);
  };
}
