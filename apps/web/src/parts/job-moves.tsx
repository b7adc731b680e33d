import type { JobAction, JobDocument } from '@chorus/admin-api';
import { ADDRESS_PATTERN } from '@chorus/admin-api/words';
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import { unitsOf } from '../format/amount.ts';
import { type Move, movesOf } from '../state/job-moves.ts';
import { sumsIn } from './amount.tsx';
import { usePrepared } from './prepared.tsx';
import type { Transfer } from './signing.tsx';
import { TextField } from './text-field.tsx';

/** What a move asks its owner for, and what it does. */
interface Way {
  label: string;
  /** What is written or chosen for it. */
  asks?: { kind: 'address' | 'amount' | 'words' | 'file'; name: string };
  costs?: 'budget' | 'bond';
  /** What comes of it. */
  says: string;
  action: (given: string) => JobAction;
}

const WAYS: Readonly<Record<Exclude<Move['kind'], 'vote'>, Way>> = {
  'set-provider': {
    label: 'Choose the provider',
    asks: { kind: 'address', name: 'Wallet of the provider' },
    says: 'it cannot be changed afterwards',
    action: (provider) => ({ action: 'set-provider', provider }),
  },
  'set-budget': {
    label: 'State the budget',
    asks: { kind: 'amount', name: 'Budget' },
    says: 'the client pays it into escrow if it agrees',
    action: (budget) => ({ action: 'set-budget', budget }),
  },
  fund: {
    label: 'Fund it',
    costs: 'budget',
    says: 'the provider gets it, less the fee, when the job completes; otherwise you get it back',
    action: (budget) => ({ action: 'fund', budget }),
  },
  submit: {
    label: 'Hand in the work',
    asks: { kind: 'file', name: 'What you made' },
    says: 'this node keeps the file for others to fetch; its digest goes on chain',
    action: (deliverable) => ({ action: 'submit', deliverable }),
  },
  complete: {
    label: 'Accept the work',
    says: 'the provider is paid at once, and nothing takes it back',
    action: () => ({ action: 'complete' }),
  },
  reject: {
    label: 'Reject the work',
    says: 'the client gets the budget back',
    action: () => ({ action: 'reject' }),
  },
  'take-back': {
    label: 'Take the job back',
    says: 'it is over; nothing was in escrow',
    action: () => ({ action: 'reject' }),
  },
  'give-up': {
    label: 'Give the job up',
    says: 'the client gets the budget back',
    action: () => ({ action: 'reject' }),
  },
  dispute: {
    label: 'Dispute the work',
    asks: { kind: 'words', name: 'What is not as it was agreed; everyone can read it' },
    costs: 'bond',
    says: 'validators decide; you get the bond back with a part of the other’s, or lose it',
    action: (grounds) => ({ action: 'dispute', grounds }),
  },
  defend: {
    label: 'Stand by the work',
    asks: { kind: 'words', name: 'What you answer; everyone can read it' },
    costs: 'bond',
    says: 'validators decide; you get the bond back with a part of the other’s, or lose it',
    action: (answer) => ({ action: 'defend', answer }),
  },
  draw: {
    label: 'Draw the jury',
    says: 'validators with a seat are drawn',
    action: () => ({ action: 'draw' }),
  },
  reveal: {
    label: 'Reveal your vote',
    says: 'it counts from then on; the node does it by itself as well',
    action: () => ({ action: 'reveal' }),
  },
  settle: {
    label: 'Have it decided',
    says: 'the budget goes to whom it is due',
    action: () => ({ action: 'settle' }),
  },
  refund: {
    label: 'Have it paid back',
    says: 'the client gets the budget back',
    action: () => ({ action: 'refund' }),
  },
};

const VOTES = { complete: 'the provider is to be paid', reject: 'the client is to get the budget back' };

const wayOf = (move: Move): Way =>
  move.kind === 'vote'
    ? {
        label: `Vote: ${VOTES[move.vote]}`,
        says: 'it stays sealed until all have voted, and cannot be changed',
        action: () => ({ action: 'vote', vote: move.vote }),
      }
    : WAYS[move.kind];

interface MoveOptions {
  api: Api;
  of: JobDocument;
  /** The contract that a sum would go to. */
  contracts: { budget: string; bond: string };
  /** Called when a transaction was seen to its end. */
  onEnd: () => void;
}

/** What the owner of this node can do with the job now, each after the transaction was shown. */
export function JobMoves({ api, of, contracts, onEnd }: MoveOptions) {
  const { prepare, shown, isOpen } = usePrepared(onEnd);
  const moves = movesOf(of);
  if (isOpen) return shown;
  if (moves.length === 0) {
    return of.step === null ? null : <p class="quiet">It is for others to act now.</p>;
  }
  return (
    <div class="fields">
      {moves.map((move) => {
        const way = wayOf(move);
        return (
          <MoveForm
            key={way.label}
            way={way}
            of={of}
            onGo={(given) => prepare(() => moving({ api, of, contracts }, move, way, given))}
          />
        );
      })}
      {shown}
    </div>
  );
}

/** What was written or chosen. */
type Input = string | File | null;

function MoveForm({ way, of, onGo }: { way: Way; of: JobDocument; onGo: (given: Input) => void }) {
  const [input, setInput] = useState<Input>(null);
  const { asks, label } = way;
  const given = readInput(asks?.kind ?? null, input, of.decimals);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (given !== undefined) onGo(given);
      }}
    >
      {asks && <Asked {...asks} input={input} onInput={setInput} />}
      <button type="submit" disabled={given === undefined}>
        {label} ...
      </button>
    </form>
  );
}

function Asked({
  kind,
  name,
  input,
  onInput,
}: NonNullable<Way['asks']> & { input: Input; onInput: (input: Input) => void }) {
  const id = useId();
  if (kind === 'file') {
    return (
      <div class="field">
        <label for={id}>{name}</label>
        <input id={id} type="file" onChange={(event) => onInput(event.currentTarget.files?.[0] ?? null)} />
      </div>
    );
  }
  const text = typeof input === 'string' ? input : '';
  const size = kind === 'words' ? { most: 20_000, rows: 3 } : { most: 80 };
  return <TextField name={name} value={text} onChange={onInput} {...size} />;
}

/** Undefined while the field is empty or wrong. */
function readInput(
  kind: NonNullable<Way['asks']>['kind'] | null,
  input: Input,
  decimals: number | null,
): Input | undefined {
  if (kind === null) return null;
  if (kind === 'file') return input instanceof File && input.size > 0 ? input : undefined;
  const text = typeof input === 'string' ? input.trim() : '';
  if (kind === 'words') return text === '' ? undefined : text;
  if (kind === 'address') return ADDRESS_PATTERN.test(text) ? text : undefined;
  return (decimals !== null && unitsOf(text, decimals)) || undefined;
}

async function moving(
  { api, of, contracts }: Omit<MoveOptions, 'onEnd'>,
  move: Move,
  { label, asks, costs, says, action }: Way,
  given: Input,
): Promise<Transfer> {
  const { jobId, token } = of;
  const sum = sumsIn(of);
  const rows: [string, ComponentChildren][] = [
    ...(costs === undefined
      ? ([['Costs', 'the gas of its transactions']] as [string, ComponentChildren][])
      : ([
          ['Sum', sum(of[costs])],
          ['To', <code>{contracts[costs]}</code>],
          ['Token', <code>{token}</code>],
        ] as [string, ComponentChildren][])),
    ...(asks ? [[asks.name, shownInput(asks.kind, given, sum)] as [string, ComponentChildren]] : []),
    ['What comes of it', says],
  ];
  return {
    title: `Job ${jobId}: ${label.toLowerCase()}?`,
    rows,
    action: label,
    send: async () => {
      const { status } = await api.actOnJob(jobId, action(await argumentOf(api, of, move, given)));
      return `Done: the job is ${status}.`;
    },
  };
}

function shownInput(
  kind: NonNullable<Way['asks']>['kind'],
  given: Input,
  sum: (units: string) => ComponentChildren,
): ComponentChildren {
  if (given instanceof File) return `${given.name}, ${given.size.toLocaleString('en')} bytes`;
  if (kind === 'amount') return sum(given ?? '0');
  return kind === 'address' ? <code>{given}</code> : given;
}

/** What the action takes: files and words are kept by the node, and named by their digest. */
async function argumentOf(api: Api, of: JobDocument, { kind }: Move, given: Input): Promise<string> {
  if (kind === 'fund') return of.budget;
  if (given instanceof File) return (await api.storeJobFile(given.name.slice(0, 200), given)).digest;
  if (kind === 'dispute' || kind === 'defend') {
    return (await api.storeJobFile(`${kind}.txt`, new Blob([given ?? '']))).digest;
  }
  return given ?? '';
}
