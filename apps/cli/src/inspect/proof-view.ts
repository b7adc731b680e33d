import { type ListedRound, type ProvenRound, publicValues } from '@chorus/inspector';
import { counted, openedReferences, SHARE_ONE, type TaskState, WEIGHT_ONE } from '@chorus/protocol';
import colors from 'yoctocolors';
import { fields, heading, integer, percent, point, roundedTokens, scalar, table } from '../output/table.ts';
import { type OpenedNetwork, shortHex } from './open.ts';

type Names = Pick<OpenedNetwork, 'nameOf'>;

export function listDocument(task: TaskState, listed: readonly ListedRound[]) {
  return {
    task: task.id,
    rounds: task.rounds,
    status: task.status,
    settled: listed.map(({ settled, fault }) => ({
      round: settled.round,
      aggregator: settled.aggregator,
      transaction: settled.transaction,
      block: settled.block,
      gasUsed: Number(settled.gasUsed),
      paid: settled.rewards.reduce((sum, reward) => sum + reward, 0n),
      unavailable: settled.unavailable.map((index) => task.trainers[index]),
      proofOk: fault === null,
      fault,
    })),
  };
}

/** @param decimals of the task's token; null while they are not known */
export function listView(
  names: Names,
  task: TaskState,
  listed: readonly ListedRound[],
  decimals: number | null,
): string {
  const rows = listed.map(({ settled, fault }) => [
    settled.round,
    names.nameOf(settled.aggregator),
    shortHex(settled.transaction),
    settled.block,
    integer(settled.gasUsed),
    roundedTokens(
      settled.rewards.reduce((sum, reward) => sum + reward, 0n),
      decimals,
    ),
    fault === null ? colors.green('proof ok') : colors.red(fault),
  ]);
  const head = ['round', 'settled by', 'transaction', 'block', 'gas', 'paid to trainers', 'proof'];
  const good = listed.filter(({ fault }) => fault === null).length;
  return [
    heading(`Task ${task.id}: ${listed.length} of ${counted(task.rounds, 'round')} settled, ${task.status}`),
    table(head, rows, { right: [0, 3, 4, 5] }),
    `${good === listed.length ? colors.green('✔') : colors.red('✘')} ${good} of ${listed.length} proofs hold, checked here against the chain`,
  ].join('\n');
}

/** Everything public of a proof. Field elements and coordinates are hex, amounts decimal. */
export function proofDocument(proven: ProvenRound) {
  const { task, round, settled, settlement, statement, proof } = proven;
  const { alpha, beta, z, gamma, weightWords, shareWords } = publicValues(proven);
  const { a, b, c } = proof.groth16;
  return {
    task: task.id,
    round: settled.round,
    transaction: settled.transaction,
    block: settled.block,
    gasUsed: Number(settled.gasUsed),
    aggregator: settled.aggregator,
    chainId: statement.chainId,
    contract: statement.contract,
    prover: statement.prover,
    circuitRows: statement.size,
    N: statement.N,
    dimension: task.dimension,
    references: openedReferences(round, settled.rejected).map(({ validator, commitment, digest }) => ({
      validator,
      commitment: point(commitment),
      digest,
    })),
    trainers: task.trainers.map((address, i) => {
      const update = round.updates[i];
      return {
        row: i + 1,
        address,
        commitment: update ? point(update.commitment) : null,
        digest: update ? update.digest : null,
        unavailable: settled.unavailable.includes(i),
        weight: settled.weights[i],
        share: settled.shares[i],
      };
    }),
    votes: settlement.votes,
    referenceSum: point(statement.commitments[0]!),
    aggregate: point(settled.aggregate),
    public: {
      alpha: scalar(alpha),
      beta: scalar(beta),
      z: scalar(z),
      gamma: scalar(gamma),
      gramHash: scalar(proof.gramHash),
      innerProduct: scalar(proof.innerProduct),
      weightWords: weightWords.map(scalar),
      shareWords: shareWords.map(scalar),
    },
    proof: {
      cross: point(proof.cross),
      quotient: point(proof.quotient),
      evaluations: proof.evaluations.map(scalar),
      groth16: {
        a: point(a),
        b: { x: b.x.map(scalar), y: b.y.map(scalar) },
        c: point(c),
      },
    },
  };
}

export function proofView(names: Names, proven: ProvenRound): string {
  const d = proofDocument(proven);
  const on = (p: { x: string; y: string }) => `(${p.x},\n${' '.repeat(20)}${p.y})`;
  const member = (who: string, c: { x: string } | null, digest: string | null) =>
    c && digest
      ? [who, `payload ${digest}\n${colors.dim(`C = (${shortHex(c.x)}, …)`)}`]
      : [who, colors.dim('nothing committed')];
  const rows = [
    ...d.references.map((r) => [
      '0',
      ...member(`${names.nameOf(r.validator)}, reference`, r.commitment, r.digest),
      '',
      '',
    ]),
    ...d.trainers.map((t) => [
      t.row,
      ...member(
        t.unavailable ? `${names.nameOf(t.address)}, unavailable` : names.nameOf(t.address),
        t.commitment,
        t.digest,
      ),
      `${integer(t.weight!)}\n${colors.dim(percent(t.weight!, WEIGHT_ONE))}`,
      `${integer(t.share!)}\n${colors.dim(percent(t.share!, SHARE_ONE))}`,
    ]),
  ];
  return [
    heading(`Task ${d.task}, round ${d.round}: settled by ${names.nameOf(d.aggregator)}`),
    fields([
      ['transaction', d.transaction],
      ['block', `${d.block}, gas ${integer(d.gasUsed)}`],
      ['contract', `${d.contract} on chain ${d.chainId}`],
      [
        'circuit',
        `${d.circuitRows} rows; vectors of ${integer(d.dimension)} entries, N = 2^${Math.log2(d.N)}`,
      ],
    ]),
    '',
    'Proven: these weights (of 65,536) and shares (of 2^32) follow by the rule from the committed vectors',
    table(['row', 'member', 'payload', 'weight', 'share'], rows, { right: [0, 3, 4], lines: true }),
    heading('Public values'),
    fields([
      ['C_0', on(d.referenceSum)],
      ['C_A', on(d.aggregate)],
      ['Gram hash h', d.public.gramHash],
      ['alpha', d.public.alpha],
      ['beta', d.public.beta],
      ['inner product c', d.public.innerProduct],
      ['z', d.public.z],
      ['gamma', d.public.gamma],
      ...d.public.weightWords.map((w, i): [string, string] => [`weights word ${i}`, w]),
      ...d.public.shareWords.map((w, i): [string, string] => [`shares word ${i}`, w]),
    ]),
    heading('Proof'),
    fields([
      ['C_S', on(d.proof.cross)],
      ['C_W', on(d.proof.quotient)],
      ...['v(z)', 'v(1/z)', 'w(z)', 'w(1/z)', 'S(z)', 'S(1/z)'].map((name, i): [string, string] => [
        name.padEnd(15),
        d.proof.evaluations[i]!,
      ]),
      ['Groth16', '2 points of G1 and one of G2; --json has them'],
    ]),
  ].join('\n');
}
