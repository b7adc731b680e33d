import {
  committedTrainers,
  counted,
  hasDeparted,
  openedReferences,
  type RoundState,
  type TaskState,
} from '@chorus/protocol';

/** What a task waits for now, in words and with counts; null if it has ended. */
export function waitsFor(task: TaskState, round: RoundState | null): string | null {
  if (task.status === 'ended') return null;
  if (task.status === 'joining') return membersWaitedFor(task);
  const trainers = task.trainers.filter((each) => !hasDeparted(task, each)).length;
  const validators = task.activeValidators.filter((each) => !hasDeparted(task, each)).length;
  switch (round?.phase) {
    case 'commit': {
      const sealed = round.references.filter(({ seal }) => seal !== null).length;
      return `updates: ${committedTrainers(round).length} of ${counted(trainers, 'trainer')} committed, ${sealed} of ${counted(validators, 'validator')} sealed`;
    }
    case 'reference':
      return `references: ${openedReferences(round).length} of ${counted(validators, 'validator')} opened`;
    case 'settle':
      return 'the proof: an aggregator settles the round';
    case 'settled':
    case 'void':
      return 'the next round';
    default:
      return 'the first round';
  }
}

function membersWaitedFor(task: TaskState): string {
  const { trainers, maxTrainers, minTrainers } = task;
  const { activeValidators, validators, minValidators, aggregators, minAggregators } = task;
  const of = (there: number, most: number, least: number) =>
    there >= least ? `${there} of ${most}` : `${there} of ${most} (needs ${least})`;
  const candidates =
    aggregators.length >= minAggregators
      ? `${aggregators.length}`
      : `${aggregators.length} (needs ${minAggregators})`;
  return [
    `members: trainers ${of(trainers.length, maxTrainers, minTrainers)}`,
    `validators ${of(activeValidators.length, validators.length, minValidators)}`,
    `aggregators ${candidates}`,
  ].join(', ');
}
