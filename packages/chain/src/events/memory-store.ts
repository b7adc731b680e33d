import { ChainError } from '../errors/errors.ts';
import {
  type BlockRef,
  type EventStore,
  type IndexedLog,
  KEPT_CHECKPOINTS,
  type StoredLogFilter,
} from './store.ts';

/**
 * A store in memory: its content is lost when the process ends.
 * @param keepBlocks drop logs this many blocks below the head (default: keep all)
 */
export function memoryEventStore(keepBlocks = Number.POSITIVE_INFINITY): EventStore {
  let subject: string | null = null;
  let checkpoints: BlockRef[] = [];
  let logs: IndexedLog[] = [];
  return {
    async bind(wanted) {
      subject ??= wanted;
      if (subject !== wanted) throw otherSubject(subject, wanted);
    },
    async head() {
      return checkpoints.at(-1) ?? null;
    },
    async checkpoints() {
      return [...checkpoints];
    },
    async append(added, head) {
      logs.push(...structuredClone(added as IndexedLog[]));
      if (keepBlocks !== Number.POSITIVE_INFINITY) {
        logs = logs.filter((log) => log.blockNumber > head.number - keepBlocks);
      }
      checkpoints = [...checkpoints, ...blocksOf(added, head)].slice(-KEPT_CHECKPOINTS);
    },
    async rollback(number) {
      logs = logs.filter((log) => log.blockNumber <= number);
      checkpoints = checkpoints.filter((block) => block.number <= number);
    },
    async logs(filter = {}) {
      const found = logs.filter((log) => matches(log, filter));
      return structuredClone(filter.last === undefined ? found : found.slice(-filter.last));
    },
    async close() {},
  };
}

/** The blocks that become checkpoints, ascending: those of the logs, and the head. */
export function blocksOf(logs: readonly IndexedLog[], head: BlockRef): BlockRef[] {
  const blocks = new Map(logs.map((log) => [log.blockNumber, log.blockHash]));
  blocks.set(head.number, head.hash);
  return [...blocks].map(([number, hash]) => ({ number, hash })).sort((a, b) => a.number - b.number);
}

function matches(log: IndexedLog, { addresses, topics, from, to }: StoredLogFilter): boolean {
  return (
    (from === undefined || log.blockNumber >= from) &&
    (to === undefined || log.blockNumber <= to) &&
    (addresses === undefined || addresses.includes(log.address)) &&
    (topics ?? []).every((topic, i) => topic === null || topic === log.topics[i])
  );
}

/** The error of a store that holds the events of another chain or other contracts. */
export function otherSubject(found: string, wanted: string): ChainError {
  return new ChainError('E_CHAIN_INDEX', 'the event index belongs to another chain or other contracts', {
    facts: { found, wanted },
    hint: 'use another file, or delete this one: the node reads it again from the chain',
  });
}
