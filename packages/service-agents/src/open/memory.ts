import type { AgentMemory, Forgotten, MemoryQuery } from '@chorus/admin-api';

/** What an agent has noted of its callers, for its owner; the agent may be at work. */
export async function readMemory(state: string, { caller }: MemoryQuery): Promise<AgentMemory> {
  const { NoteStore } = await import('@chorus/knowledge');
  if (!NoteStore.isIn(state)) return { callers: [], notes: caller === undefined ? null : [] };
  const store = new NoteStore({ state, keepMilliseconds: null });
  try {
    const callers = store.callers().filter((each) => caller === undefined || each.caller === caller);
    return {
      callers: callers.map((each) => ({ ...each, last: timeText(each.last) })),
      notes:
        caller === undefined
          ? null
          : store.list(caller).map(({ id, text, written }) => ({ id, text, written: timeText(written) })),
    };
  } finally {
    store.close();
  }
}

/** Deletes the notes of a caller, or all. */
export async function forgetMemory(state: string, { caller }: MemoryQuery): Promise<Forgotten> {
  const { NoteStore } = await import('@chorus/knowledge');
  if (!NoteStore.isIn(state)) return { forgotten: 0 };
  const store = new NoteStore({ state, keepMilliseconds: null });
  try {
    return { forgotten: store.forget(caller ?? null) };
  } finally {
    store.close();
  }
}

const timeText = (milliseconds: number): string => new Date(milliseconds).toISOString();
