import type { StakeToken, Status } from '@chorus/admin-api';
import { EXPLORER_PATH } from '@chorus/admin-api/words';
import { effect, signal } from '@preact/signals';
import type { Api } from '../api/api.ts';
import { type Failure, isRefused, toFailure } from '../api/failure.ts';
import { messagesOf } from '../api/messages.ts';
import { type Live, NOTHING, reduceLive, type Told } from './live.ts';

/** Pauses, ms: between two readings after events; without any event; before connecting again. */
const SOON = 700;
const LATER = 10_000;
const AGAIN = 2_000;

/** Whether this is the explorer: the page for everyone, which shows the network and changes nothing. */
export const readOnly = location.pathname.startsWith(`${EXPLORER_PATH}/`);
/** The node's status; null until it was read. */
export const status = signal<Status | null>(null);
/** Whether an account is this node's wallet; no while it is not known. */
export const isOwn = (address: string): boolean =>
  status.value?.identity.wallet.toLowerCase() === address.toLowerCase();
/** Why it could not be read the last time; null if it was. */
export const failure = signal<Failure | null>(null);
/** What the event stream has said. */
export const live = signal<Live>(NOTHING);
export const connected = signal(false);
/** Grows when what pages have read is old. */
export const turn = signal(0);
/** For times that are said from now. */
export const now = signal(Date.now());
/** Tokens that the node knows, by address in lower case. */
export const tokens = signal<ReadonlyMap<string, Pick<StakeToken, 'symbol'>>>(new Map());

/** Keep all of that up to date for as long as the page is open. */
export function follow(api: Api): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const read = async () => {
    clearTimeout(timer);
    try {
      // A page that is not seen asks nothing; it reads when it is shown again.
      if (document.visibilityState === 'visible') {
        status.value = await api.status();
        failure.value = null;
        turn.value++;
      }
    } catch (error) {
      failure.value = toFailure(error);
      if (isRefused(failure.value)) return;
    }
    clearTimeout(timer);
    timer = setTimeout(read, LATER);
  };
  const readSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(read, SOON);
  };
  document.addEventListener('visibilitychange', readSoon);
  effect(() => {
    if (live.value.version > 0) readSoon();
  });
  tick();
  void read();
  void followEvents(api);
  void readTokens(api);
}

function tick(): void {
  setInterval(() => {
    now.value = Date.now();
  }, 1_000);
}

/** Keep what everyone sees up to date: there are no events to follow. */
export function followNetwork(api: Api): void {
  const isVisible = () => document.visibilityState === 'visible';
  tick();
  setInterval(() => isVisible() && turn.value++, LATER);
  document.addEventListener('visibilitychange', () => isVisible() && turn.value++);
  void readVotingToken(api);
}

/** The token of the network, by its name. Others are shown by their address. */
async function readVotingToken(api: Api): Promise<void> {
  try {
    const { token, symbol } = await api.governance();
    tokens.value = new Map([[token.toLowerCase(), { symbol }]]);
  } catch {
    // A network from before there were votes.
  }
}

async function followEvents(api: Api): Promise<void> {
  let last: string | null = null;
  for (;;) {
    try {
      // An id that is not known: all that the node remembers, from before this page was opened.
      const response = await api.events(last ?? '0', new AbortController().signal);
      connected.value = true;
      for await (const { id, data } of messagesOf(response)) {
        last = id ?? last;
        const told = JSON.parse(data) as Omit<Told, 'id'>;
        // Said of every first connection.
        if (told.event.type === 'gap' && live.value.entries.length === 0) continue;
        live.value = reduceLive(live.value, { ...told, id: id ?? '' });
      }
    } catch (error) {
      // Of others the status says why the node does not answer.
      if (isRefused(toFailure(error))) return;
    }
    connected.value = false;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

/** Names of tokens, where the chain has them; without, amounts are shown by the token's address. */
async function readTokens(api: Api): Promise<void> {
  try {
    const { tokens: known } = await api.stakes();
    tokens.value = new Map(known.map((token) => [token.address.toLowerCase(), token]));
  } catch (error) {
    if (!isRefused(toFailure(error))) setTimeout(() => void readTokens(api), LATER);
  }
}
