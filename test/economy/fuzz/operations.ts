import { SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import { type Deployed, type Receipt, Refusal } from '../world/chain.ts';
import {
  digestOf,
  point,
  sealOf,
  settlement,
  signAvailable,
  signClaim,
  signVerdict,
  ZERO_WORD,
} from '../world/round.ts';
import { terms, type World } from '../world/world.ts';
import {
  candidatesOf,
  commitmentsOf,
  emptyRound,
  type Ghost,
  type GhostTask,
  require,
  takesPart,
} from './ghost.ts';

/** The world with what only this test adds to it. */
export interface Arena extends World {
  /** Two tokens, of 18 and of 6 decimals. */
  tokens: Deployed[];
  actors: string[];
  /** Identities: actor i owns identity i, and the first actor the last one as well. */
  agents: number;
  lens: Deployed;
}

/** Numbers from which an operation takes whatever it has to choose. */
export interface Dice {
  a: number;
  b: number;
  c: number;
  d: number;
}

export interface Context {
  arena: Arena;
  ghost: Ghost;
  /** Time of the next block. */
  now: number;
}

type Operation = (context: Context, dice: Dice) => Promise<void>;

/** There was nothing to do it to. */
class Skip extends Error {}

function some<T>(value: T | undefined): T {
  if (value === undefined) throw new Skip();
  return value;
}

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!;

/** Most operations are by who may do them; one in eight by anybody. */
const actorOf = (arena: Arena, likely: readonly string[], n: number, d: number): string =>
  likely.length === 0 || d % 8 === 0 ? pick(arena.actors, n) : pick(likely, n);

const TRAINER = 1;
const VALIDATOR = 2;
const AGGREGATOR = 4;

/** A task of those that fit; one in eight times, and where none does, any. */
function taskOf(ghost: Ghost, n: number, fits: (task: GhostTask) => boolean): GhostTask {
  const fitting = ghost.tasks.filter(fits);
  return some(pick(fitting.length === 0 || n % 8 === 0 ? ghost.tasks : fitting, n >> 3));
}

const inPhase = (phase: number) => (task: GhostTask) => task.status === 2 && task.round.phase === phase;
const isOpen = (task: GhostTask): boolean => task.cases.some((c) => c.resolved === null);

/** A case of the task, an open one if there is any. */
function caseOf(task: GhostTask, n: number) {
  const open = task.cases.filter((c) => c.resolved === null);
  return some(pick(open.length === 0 ? task.cases : open, n));
}

/** Budgets from dust to plenty. */
const AMOUNTS = [1n, 2n, 3n, 17n, 101n, 9_999n, 1_000_003n, 10n ** 18n + 7n];
const TASKS = 3;

async function send(
  { ghost, arena }: Context,
  contract: Deployed,
  from: string,
  name: string,
  ...args: unknown[]
): Promise<Receipt> {
  const receipt = await contract.send(from, name, ...args);
  ghost.observe(receipt, await arena.chain.now(), from);
  return receipt;
}

const walletOf = (arena: Arena, account: string) =>
  arena.chain.wallets[arena.chain.accounts.indexOf(account)]!;

/** Indices whose bits are set by chance, of those that are possible. */
const someBits = (possible: number, n: number): number => possible & n & (n >> 4);

const bitsOf = (accounts: Iterable<string>, order: readonly string[]): number => {
  const set = new Set(accounts);
  return order.reduce((bits, account, i) => bits | (set.has(account) ? 1 << i : 0), 0);
};

/** Parts of a whole for the trainers that are in, by chance; now and then for one that is not. */
function parts(task: GhostTask, included: number, whole: number, n: number, spoil: boolean): number[] {
  const weights = task.trainers.map((_, i) => (((included >> i) & 1) === 1 ? ((n >> i) % 7) + (n % 2) : 0));
  const sum = weights.reduce((x, y) => x + y, 0);
  const result = weights.map((w) => (sum === 0 ? 0 : Math.floor((whole * w) / sum)));
  if (spoil && result.length > 0) result[n % result.length]! += 1 + (n % 3);
  return result;
}

export const OPERATIONS: Record<string, Operation> = {
  async create(context, { a, b, c, d }) {
    const { arena, ghost } = context;
    if (ghost.tasks.filter((t) => t.status !== 3).length >= TASKS) throw new Skip();
    const owner = pick(arena.actors, a);
    const count = 1 + (b % 4);
    const validators = Array.from({ length: count }, (_, i) => arena.actors[(b + i) % arena.actors.length]!);
    const maxTrainers = 1 + (c % 4);
    const params = terms(arena, {
      token: pick(arena.tokens, a >> 4).address,
      budget: pick(AMOUNTS, b >> 3),
      rounds: 1 + ((c >> 3) % 3),
      minTrainers: 1 + (d % maxTrainers),
      maxTrainers,
      minAggregators: 1 + ((a >> 6) % 2),
      stake: [0n, 1n, 99n, 1000n, 10_000n][d % 5],
      minValidators: 1 + ((d >> 3) % count),
      aggregatorFeeBps: [0, 300, 2500][a % 3],
      validatorFeeBps: [0, 777, 2500][b % 3],
      vestingRounds: [0, 0, 1, 2, 16][c % 5],
      stagnationBps: [0, 3333, 10_000][d % 3],
      minShareBps: [0, 2500, 5000][c % 3],
      slashReporterBps: [0, 700, 1000][c % 3],
      slashBurnBps: [5000, 6000, 9000][c % 3],
      minReputation: (d >> 8) % 64 === 0 ? 1 : 0,
      joinSeconds: 5000,
      commitSeconds: 300,
      referenceSeconds: 300,
      settleSeconds: 60,
      validators,
    });
    const fixed = await arena.parameters.read('slashing');
    const receipt = await arena.tasks.send(owner, 'createTask', params);
    const created = arena.tasks.events(receipt).find((e) => e.name === 'TaskCreated')!;
    ghost.tasks.push({
      id: Number(created.args.taskId),
      token: String(params.token).toLowerCase(),
      owner,
      params: { ...params, slashing: fixed },
      appointed: validators,
      status: 1,
      joinDeadline: (await arena.chain.now()) + 5000,
      trainers: [],
      aggregators: [],
      validators: [],
      agents: new Map(),
      round: emptyRound(0),
      lastRounds: new Map(),
      cases: [],
      released: new Set(),
      given: params.budget as bigint,
      credited: 0n,
      refunded: 0n,
      protocol: 0n,
      collected: 0n,
      rewards: new Map(),
    });
  },

  async topUp(context, { a, b, c }) {
    const task = taskOf(context.ghost, b, (t) => t.status !== 3);
    await send(
      context,
      context.arena.tasks,
      pick(context.arena.actors, a),
      'topUp',
      task.id,
      pick(AMOUNTS, c),
    );
  },

  async cancel(context, { a, b, d }) {
    const task = taskOf(context.ghost, b, (t) => t.status === 1);
    await send(context, context.arena.tasks, actorOf(context.arena, [task.owner], a, d), 'cancel', task.id);
  },

  async deposit(context, { a, b, c, d }) {
    const { arena, ghost } = context;
    const [token, owner] = [pick(arena.tokens, d), pick(arena.actors, a)];
    const agent = d % 4 === 0 ? b % (arena.agents + 1) : arena.actors.indexOf(owner);
    await send(
      context,
      arena.stakes,
      owner,
      'deposit',
      token.address,
      agent,
      [1n, 50n, 1000n, 25_000n][c % 4],
    );
    ghost.deposits.push({ token: token.address, agent, owner });
  },

  async unbond(context, { a, b, c }) {
    const { arena, ghost } = context;
    const deposit = ghost.deposits[a % Math.max(1, ghost.deposits.length)];
    const { token, agent, owner } = some(deposit);
    const shares: bigint = await arena.stakes.read('sharesOf', token, agent, owner);
    const part = c % 3 === 0 ? shares : (shares * BigInt(1 + (b % 99))) / 100n;
    await send(context, arena.stakes, owner, 'requestUnbond', token, agent, part);
  },

  async withdraw(context, { a, b }) {
    const { arena, ghost } = context;
    const due = ghost.tickets.filter((t) => !t.done);
    const ticket = some(pick(due.length === 0 || a % 4 === 0 ? ghost.tickets : due, a >> 2));
    if (b % 2 === 0) await arena.chain.jumpTo(ticket.maturesAt);
    const from = b % 8 === 0 ? pick(arena.actors, b) : ticket.owner;
    await send(context, arena.stakes, from, 'withdraw', ticket.id);
    require(!ticket.done && from === ticket.owner, 'a ticket was paid twice or to another');
    require((await arena.chain.now()) >= ticket.maturesAt, 'a ticket was paid early');
    ticket.done = true;
  },

  async join(context, { a, b, c, d }) {
    const { arena, ghost } = context;
    const joining = ghost.tasks.filter((t) => t.status === 1);
    const task = some(joining[b % Math.max(1, joining.length)] ?? ghost.task(b));
    const account = pick(arena.actors, a);
    const roles =
      d % 16 === 0 ? d % 9 : task.appointed.includes(account) ? pick([2, 6, 2], c) : pick([1, 5, 1, 4], c);
    await join(context, task, account, roles, d);
  },

  /** Whatever a task waits for. */
  async step(context, dice) {
    const { arena, ghost, now } = context;
    const running = ghost.tasks.filter((t) => t.status !== 3);
    const task = some(running[dice.b % Math.max(1, running.length)]);
    if (now >= (task.status === 1 ? task.joinDeadline : task.round.deadline)) {
      await send(context, arena.tasks, pick(arena.actors, dice.a), 'advance', task.id);
    } else if (task.status === 1) await joinNext(context, task, dice);
    else await actNext(context, task, dice);
  },

  async commit(context, { a, b, d }) {
    const task = taskOf(context.ghost, b, inPhase(1));
    await commit(context, task, actorOf(context.arena, task.trainers, a, d), d);
  },

  async seal(context, { a, b, d }) {
    const task = taskOf(context.ghost, b, inPhase(1));
    await seal(context, task, actorOf(context.arena, task.validators, a, d), d);
  },

  async open(context, { a, b, c, d }) {
    const task = taskOf(context.ghost, b, inPhase(2));
    await open(context, task, actorOf(context.arena, [...task.round.sealed.keys()], a, d), c % 4 === 0);
  },

  async settle(context, dice) {
    await settle(context, taskOf(context.ghost, dice.b, inPhase(3)), dice);
  },

  async requestVerdicts(context, { a, b, d }) {
    const task = taskOf(context.ghost, b, inPhase(3));
    const from = actorOf(context.arena, task.aggregators, a, d);
    if (a % 4 === 0)
      await send(context, context.arena.tasks, from, 'requestVerdicts', task.id, task.round.number);
    else await request(context, task, a);
  },

  async postVerdict(context, dice) {
    const task = taskOf(context.ghost, dice.b, (t) => inPhase(3)(t) && t.round.requested);
    await postVerdict(context, task, actorOf(context.arena, task.validators, dice.a, dice.d), dice);
  },

  async contest(context, { a, b, c, d }) {
    const { arena, ghost } = context;
    const task = taskOf(ghost, b, isOpen);
    const found = caseOf(task, c);
    const count = d % 6 === 0 ? 1 : Math.floor(task.validators.length / 2) + 1;
    const signers = Array.from({ length: count }, (_, i) => pick(task.validators, a + i));
    const { round, commitments, index: trainer } = found;
    const message = { taskId: task.id, round, commitments, trainer };
    const votes = await Promise.all(signers.map((v) => signAvailable(arena, walletOf(arena, v), message)));
    const from = pick(arena.actors, d);
    await send(context, arena.tasks, from, 'contest', task.id, found.round, found.index, votes);
  },

  async resolveCase(context, { a, b, c }) {
    const task = taskOf(context.ghost, b, isOpen);
    const found = caseOf(task, c);
    if (a % 2 === 0) await context.arena.chain.jumpTo(found.deadline);
    const from = pick(context.arena.actors, a);
    await send(context, context.arena.tasks, from, 'resolveCase', task.id, found.round, found.index);
  },

  async publishPayload(context, { a, b, c, d }) {
    const task = taskOf(context.ghost, b, isOpen);
    const found = caseOf(task, c);
    const from = actorOf(context.arena, [found.trainer], a, d);
    await send(context, context.arena.tasks, from, 'publishPayload', task.id, found.round, '0x1234');
  },

  async advance(context, { a, b, c }) {
    const { arena, ghost } = context;
    const task = taskOf(ghost, b, (t) => t.status === 2);
    const deadline = task.status === 1 ? task.joinDeadline : task.round.deadline;
    // A task that is not complete yet is mostly left to become so.
    if (task.status === 1 && c % 8 !== 0) throw new Skip();
    if (task.status === 2 && c % 4 !== 0) await arena.chain.jumpTo(deadline);
    if (task.status === 1 && a % 2 === 0) await arena.chain.jumpTo(deadline);
    await send(context, arena.tasks, pick(arena.actors, a), 'advance', task.id);
  },

  async wait({ arena }, { a }) {
    await arena.chain.pass([3, 30, 101, 3601, 7201][a % 5]!);
  },

  async claim(context, { a, b, c, d }) {
    const { arena, ghost } = context;
    const token = pick(arena.tokens, c);
    const account = pick(arena.actors, a);
    // Also with a task named twice, and now and then one that pays in another token.
    const paying = ghost.tasks.filter((t) => d % 16 === 0 || t.token === token.address).map((t) => t.id);
    const ids = b % 4 === 0 ? [...paying, ...paying] : paying;
    if (c % 3 === 0) return claimSigned(context, account, token, ids, pick(arena.actors, d));
    if (c % 3 === 1) await send(context, arena.tasks, account, 'claim', token.address, ids);
    else await send(context, arena.tasks, account, 'claimTo', token.address, ids, pick(arena.actors, d));
  },

  async replayClaim(context, { a, b }) {
    const { arena, ghost } = context;
    const used = some(ghost.usedClaims[a % Math.max(1, ghost.usedClaims.length)]);
    const from = pick(arena.actors, b);
    const refusal = await arena.tasks.refusal(from, 'claimBySignature', ...used);
    require(refusal !== null, 'a signed claim was paid twice');
  },

  async collectFees(context, { a, b }) {
    const task = taskOf(context.ghost, b, (t) => t.protocol > t.collected);
    await send(context, context.arena.tasks, pick(context.arena.actors, a), 'collectFees', task.id);
  },

  async refund(context, { a, b }) {
    const task = taskOf(context.ghost, b, (t) => t.status === 3);
    await send(context, context.arena.tasks, pick(context.arena.actors, a), 'refund', task.id);
  },

  async releaseStake(context, { a, b, c }) {
    const { arena, ghost } = context;
    const task = taskOf(ghost, b, (t) => t.status === 3 || t.lastRounds.size > 0);
    const member = actorOf(arena, [...task.agents.keys()], c, a);
    await send(context, arena.tasks, pick(arena.actors, a), 'releaseStake', task.id, member);
  },

  async leaveTask(context, { a, b, c, d }) {
    const task = taskOf(context.ghost, b, (t) => t.status === 2);
    // Not too often: a task of which all leave is over soon.
    if (c % 4 !== 0) throw new Skip();
    const from = actorOf(context.arena, [...task.agents.keys()], a, d);
    await send(context, context.arena.tasks, from, 'leaveTask', task.id);
  },

  async claimReports(context, { a, b }) {
    const { arena } = context;
    await send(context, arena.stakes, pick(arena.actors, a), 'claimReports', pick(arena.tokens, b).address);
  },

  async attest(context, { a, b, c }) {
    const { arena, ghost } = context;
    const task = taskOf(ghost, b, (t) => t.rewards.size > 0);
    if (c % 4 === 0 && task.trainers.length > 0) {
      await send(
        context,
        arena.attestor,
        pick(arena.actors, a),
        'giveFeedback',
        task.id,
        pick(task.trainers, c),
      );
    } else await send(context, arena.attestor, pick(arena.actors, a), 'attest', task.id, 1 + (c % 3));
  },

  async govern({ arena }, { a, b, c, d }) {
    const { parameters, governor } = arena;
    const from = d % 8 === 0 ? pick(arena.actors, a) : governor;
    if (a % 3 === 0) await parameters.send(from, 'setProtocolFee', b % 601);
    else if (a % 3 === 1) await parameters.send(from, 'setWindows', 1 + (b % 4000), 4000 + (c % 4000));
    else {
      const bps = [b, c, d, a, b + c, c + d].map((x) => x % 5100);
      await parameters.send(from, 'setSlashing', [...bps, a % 2100, b % 18]);
    }
  },

  async transferIdentity({ arena, ghost }, { a, b, c }) {
    // To itself most of the time: an identity that changes hands takes its stake and its locks along.
    const agent = a % arena.agents;
    const owner = String(await arena.identities.read('ownerOf', agent)).toLowerCase();
    const to = c % 4 === 0 ? pick(arena.actors, b) : owner;
    await arena.identities.send(owner, 'transferFrom', owner, to, agent);
    ghost.agentOwners[agent] = to;
  },
};

const committedBits = (task: GhostTask): number => bitsOf(task.round.committed.keys(), task.trainers);
const openedBits = (task: GhostTask): number => bitsOf(task.round.opened.keys(), task.appointed);

/** With an identity that is the account's own, and enough stake behind it, but for some that go wrong. */
async function join(
  context: Context,
  task: GhostTask,
  account: string,
  roles: number,
  d: number,
): Promise<void> {
  const { arena, ghost } = context;
  const own = ghost.agentOwners.flatMap((owner, agent) => (owner === account ? [agent] : []));
  const agent = d % 16 === 1 || own.length === 0 ? d % arena.agents : pick(own, d);
  const stake = task.params.stake as bigint;
  const free: bigint = await arena.stakes.read('freeStake', task.token, agent);
  if (free < stake && d % 8 !== 2) {
    await send(context, arena.stakes, account, 'deposit', task.token, agent, stake - free + BigInt(d % 3));
    ghost.deposits.push({ token: task.token, agent, owner: account });
  }
  const { agreement } = await arena.tasks.read('getTask', task.id);
  await send(context, arena.tasks, account, 'join', task.id, agreement, agent, roles, '0x01', []);
}

/** Whom the task still waits for: a validator, a trainer, a candidate. */
async function joinNext(context: Context, task: GhostTask, { a, c }: Dice): Promise<void> {
  const { actors } = context.arena;
  const missing = task.appointed.filter((v) => !task.agents.has(v));
  const others = actors.filter((v) => !task.agents.has(v) && !task.appointed.includes(v));
  const roles = task.aggregators.length < task.params.minAggregators ? AGGREGATOR : 0;
  const wantsTrainer = task.trainers.length < task.params.maxTrainers;
  if (missing.length > 0 && (c % 2 === 0 || others.length === 0)) {
    await join(context, task, pick(missing, a), VALIDATOR | roles, 7);
  } else
    await join(context, task, some(pick(others, a)), (wantsTrainer ? TRAINER : 0) | roles || VALIDATOR, 7);
}

/** What the phase of a running task waits for; in the settle phase also the detour by verdicts on chain. */
async function actNext(context: Context, task: GhostTask, dice: Dice): Promise<void> {
  const { a, c, d } = dice;
  const { round } = task;
  if (round.phase === 1) {
    const trainers = task.trainers.filter((t) => !round.committed.has(t) && takesPart(task, t));
    const validators = task.validators.filter((v) => !round.sealed.has(v) && takesPart(task, v));
    if (trainers.length > 0 && (c % 2 === 0 || validators.length === 0)) {
      await commit(context, task, pick(trainers, a), d);
    } else await seal(context, task, some(pick(validators, a)), d);
  } else if (round.phase === 2) {
    const sealed = [...round.sealed.keys()].filter((v) => !round.opened.has(v));
    await open(context, task, some(pick(sealed, a)), false);
  } else if (c % 3 === 0 || (round.requested && c % 3 === 1)) await settle(context, task, { ...dice, d: 1 });
  else if (round.requested) {
    const silent = task.validators.filter((v) => !round.posted.has(v) && takesPart(task, v));
    await postVerdict(context, task, some(pick(silent, a)), dice);
  } else if (c % 3 === 1) await request(context, task, a);
  else throw new Skip();
}

/** A candidate asks for verdicts, in the second half of its window. */
async function request(context: Context, task: GhostTask, a: number): Promise<void> {
  const { arena } = context;
  const { round, params } = task;
  const candidates = candidatesOf(task);
  const turn = a % candidates.length;
  await arena.chain.jumpTo(round.settleStart + turn * params.settleSeconds + params.settleSeconds / 2);
  await send(context, arena.tasks, candidates[turn]!, 'requestVerdicts', task.id, round.number);
}

async function postVerdict(
  context: Context,
  task: GhostTask,
  validator: string,
  { c, d }: Dice,
): Promise<void> {
  const { arena } = context;
  const verdict = {
    taskId: task.id,
    round: task.round.number,
    commitments: commitmentsOf(task),
    unavailable: c % 5 === 0 ? someBits(committedBits(task), c) : 0,
    rejected: c % 7 === 0 ? someBits(openedBits(task), c >> 3) : 0,
    lossBefore: 100,
    lossAfter: d % 200,
  };
  const vote = await signVerdict(arena, walletOf(arena, validator), verdict);
  const { taskId, round, unavailable, rejected } = verdict;
  const from = pick(arena.actors, d);
  const none = { x: 0n, y: 0n };
  await send(context, arena.tasks, from, 'postVerdict', taskId, round, unavailable, rejected, none, vote);
}

async function commit(context: Context, task: GhostTask, from: string, d: number): Promise<void> {
  const commitment = d % 16 === 0 ? { x: 1n, y: 1n } : point(1 + (d % 20));
  await send(
    context,
    context.arena.tasks,
    from,
    'commitUpdate',
    task.id,
    task.round.number,
    commitment,
    digestOf(d),
  );
}

async function seal(context: Context, task: GhostTask, from: string, d: number): Promise<void> {
  const opening = { commitment: point(1 + (d % 20)), digest: digestOf(d), salt: digestOf(d + 1) };
  const value = sealOf(task.id, task.round.number, from, opening);
  context.ghost.openings.set(value, opening);
  await send(context, context.arena.tasks, from, 'sealReference', task.id, task.round.number, value);
}

async function open(context: Context, task: GhostTask, from: string, wrong: boolean): Promise<void> {
  const sealed = task.round.sealed.get(from) ?? { commitment: point(1), digest: ZERO_WORD, salt: ZERO_WORD };
  const { commitment, digest } = sealed;
  const salt = wrong ? digestOf(99) : sealed.salt;
  const [id, number] = [task.id, task.round.number];
  await send(context, context.arena.tasks, from, 'openReference', id, number, commitment, digest, salt);
}

async function settle(context: Context, task: GhostTask, { a, c, d }: Dice): Promise<void> {
  const { arena, now } = context;
  const { round } = task;
  const unavailable = c % 3 === 0 ? someBits(committedBits(task), c >> 2) : 0;
  const rejected = c % 5 === 0 ? someBits(openedBits(task), c >> 5) : 0;
  const included = committedBits(task) & ~unavailable;
  const enough = Math.floor(task.validators.length / 2) + 1;
  const signers = Array.from({ length: d % 16 === 0 ? 1 : enough }, (_, i) => pick(task.validators, a + i));
  const votes = await Promise.all(
    signers
      .filter((v) => v !== undefined)
      .map((v, i) =>
        signVerdict(arena, walletOf(arena, v), {
          taskId: task.id,
          round: round.number,
          commitments: commitmentsOf(task),
          unavailable,
          rejected,
          lossBefore: 100,
          lossAfter: (a >> (2 * i)) % 200,
        }),
      ),
  );
  const turn = Math.floor((now - round.settleStart) / task.params.settleSeconds);
  const candidates = candidatesOf(task);
  const rightful = turn >= candidates.length ? arena.actors : [candidates[turn]!];
  const sent = settlement({
    weights: parts(task, included, WEIGHT_ONE, a, d % 32 === 3),
    shares: parts(task, included, SHARE_ONE, c, d % 32 === 5),
    unavailable,
    rejected,
    votes,
  });
  await send(context, arena.tasks, actorOf(arena, rightful, a, d), 'settle', task.id, round.number, sent);
}

async function claimSigned(
  context: Context,
  account: string,
  token: Deployed,
  taskIds: number[],
  to: string,
): Promise<void> {
  const { arena, ghost, now } = context;
  const nonce: bigint = await arena.tasks.read('nonces', account);
  const message = { account, token: token.address, taskIds, to, nonce, deadline: now + 10 };
  const signature = await signClaim(arena, walletOf(arena, account), message);
  const args = [account, token.address, taskIds, to, message.deadline, signature];
  await send(context, arena.tasks, pick(arena.actors, now), 'claimBySignature', ...args);
  ghost.usedClaims.push(args);
}

/** Carries an operation out. @returns 'done', 'skipped' where there was nothing to do, or the error it was refused with */
export async function perform(context: Context, kind: string, dice: Dice): Promise<string> {
  try {
    await OPERATIONS[kind]!(context, dice);
    return 'done';
  } catch (error) {
    if (error instanceof Skip) return 'skipped';
    if (!(error instanceof Refusal)) throw error;
    const unnamed = ['Panic', 'Error', 'empty'].includes(error.error) || error.error.startsWith('0x');
    require(!unnamed, `${kind} was refused without a reason of its own: ${error.error}`);
    return error.error;
  }
}
