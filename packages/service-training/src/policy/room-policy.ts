import { formatBytes } from '@chorus/node';
import type { Limits } from '../config/settings.ts';
import { type NodeState, type Refusal, refuse } from './considered-task.ts';
import type { TaskNeeds } from './task-needs.ts';

/** Resident memory of an idle node, for projecting future use. */
export const IDLE_BYTES = 200e6;

/** Whether what a task needs fits into memory and onto the disk: for joined tasks and own tasks. */
export function evaluateRoom(
  limits: Pick<Limits, 'memory' | 'disk'>,
  needs: TaskNeeds,
  state: Pick<NodeState, 'rssBytes' | 'reservedBytes' | 'underPressure' | 'diskFull' | 'diskFreeBytes'>,
): Refusal | null {
  if (limits.memory !== undefined) {
    const projected = Math.max(state.rssBytes, IDLE_BYTES + state.reservedBytes) + needs.memoryBytes;
    if (projected > limits.memory) {
      return refuse(
        'E_LIMIT_MEMORY',
        `with about ${formatBytes(needs.memoryBytes)} for it the node would hold ${formatBytes(projected)} of memory, more than ${formatBytes(limits.memory)}`,
        'raise limits.memory, or leave another task',
        IDLE_BYTES + needs.memoryBytes <= limits.memory,
      );
    }
    if (state.underPressure) {
      return refuse(
        'E_LIMIT_MEMORY_PRESSURE',
        `the node holds ${formatBytes(state.rssBytes)} of memory, near its limit of ${formatBytes(limits.memory)}`,
        'raise limits.memory, or leave a task',
        true,
      );
    }
  }
  if (limits.disk !== undefined && needs.diskBytes > limits.disk) {
    return refuse(
      'E_LIMIT_DISK',
      `it needs about ${formatBytes(needs.diskBytes)} of disk, more than ${formatBytes(limits.disk)}`,
      'raise limits.disk',
    );
  }
  if (state.diskFull) {
    return refuse(
      'E_LIMIT_DISK_FULL',
      'the data folder is over its quota, and every remaining file is in use',
      'raise limits.disk, or leave a task',
      true,
    );
  }
  if (state.diskFreeBytes !== null && needs.diskBytes > state.diskFreeBytes) {
    return refuse(
      'E_LIMIT_DISK',
      `it needs about ${formatBytes(needs.diskBytes)} of disk, and ${formatBytes(state.diskFreeBytes)} are free`,
      'free space on the file system of the data folder',
      true,
    );
  }
  return null;
}
