import { ChorusError, type Facts } from '@chorus/protocol';

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;

/** Errors of a node's durable state, and what its owner can do. */
const FAULTS = {
  E_STORE_LOCKED: [
    'another process uses this data folder',
    'stop the other node, or give this node its own folder',
  ],
  E_STORE_FULL: [
    'the disk is full: the node cannot write its journal',
    'free space on the disk of the data folder: nothing is sent or signed until it can be recorded',
  ],
  E_STORE_READONLY: [
    'the data folder cannot be written',
    'check its owner, its permissions and that its disk is not mounted read-only',
  ],
  E_STORE_IO: [
    'the disk of the data folder reports errors',
    'check the disk; keep a copy of the data folder',
  ],
  E_STORE_CORRUPT: [
    'the journal of this node is damaged',
    'nothing was changed: restore it from a backup, or rename it and start again; the node then rebuilds what is on chain',
  ],
  E_STORE_FAILED: ['the journal of this node cannot be used', 'see the cause'],
} as const;

export type StoreFault = keyof typeof FAULTS;

/** An error of the node's durable state by its code. */
export function storeFault(code: StoreFault, facts: Facts, cause?: unknown): ChorusError {
  const [message, hint] = FAULTS[code];
  return new ChorusError(code, message, { facts, hint, ...(cause === undefined ? {} : { cause }) });
}

/** The meaning of an error of SQLite or of the file system; other errors are returned unchanged. */
export function toStoreError(error: unknown, facts: Facts): unknown {
  const fault = faultOf(error as { code?: unknown; errcode?: unknown });
  return fault ? storeFault(fault, facts, error) : error;
}

function faultOf({ code, errcode }: { code?: unknown; errcode?: unknown }): StoreFault | null {
  if (code === 'ERR_SQLITE_ERROR') {
    switch (Number(errcode) & 0xff) {
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        return 'E_STORE_LOCKED';
      case SQLITE_READONLY:
      case SQLITE_CANTOPEN:
        return 'E_STORE_READONLY';
      case SQLITE_IOERR:
        return 'E_STORE_IO';
      case SQLITE_FULL:
        return 'E_STORE_FULL';
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        return 'E_STORE_CORRUPT';
      default:
        return 'E_STORE_FAILED';
    }
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'E_STORE_FULL';
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return 'E_STORE_READONLY';
  if (code === 'EIO') return 'E_STORE_IO';
  return null;
}
