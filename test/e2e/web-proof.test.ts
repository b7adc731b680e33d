import { ENDPOINTS, type RoundProof } from '@chorus/admin-api';
import { toRoundProof } from '@chorus/inspector/records';
import { RULE_NAMES } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { checkRound } from '../../apps/web/src/proof/check-round.ts';
import { moneyOf } from '../../apps/web/src/proof/money.ts';
import { CHECK_WORDS } from '../../apps/web/src/proof/words.ts';
import { vectorRounds } from '../../packages/inspector/src/testing/vector-rounds.ts';

/** As the page that asked for it. */
const check = (document: RoundProof) =>
  checkRound(document, { task: document.task.id, round: document.settled.round });

const { schema } = ENDPOINTS.roundProof.responses[200].content['application/json'];

describe.each(RULE_NAMES)('a round of %s on the page', (rule) => {
  const rounds = vectorRounds(rule);
  const documentOf = (begin: string): RoundProof =>
    schema.parse(
      JSON.parse(JSON.stringify(toRoundProof(rounds.find(({ name }) => name.startsWith(begin))!.material))),
    );

  it('every check has its words, and holds with the keys that are a part of the page', async () => {
    const { checks } = await check(documentOf('five'));
    expect(checks.map(({ check }) => check)).toEqual(CHECK_WORDS.map(({ check }) => check));
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('the key of the circuit is not taken from the node', async () => {
    const document = documentOf('five');
    document.verifier.verifyingKeyHash = `0x${'0'.repeat(64)}`;
    const { checks } = await check(document);
    expect(checks.filter(({ ok }) => !ok).map(({ check }) => check)).toEqual(['keys']);
  });

  it('records of another task or round than was asked for are refused', async () => {
    const document = documentOf('five');
    const [task, round] = [document.task.id, document.settled.round];
    for (const asked of [
      { task, round: round + 1 },
      { task: `${task}1`, round },
    ]) {
      await expect(checkRound(document, asked)).rejects.toMatchObject({ code: 'E_ROUND_PROOF' });
    }
  });

  it('records that cannot be read are refused, and no check is made of them', async () => {
    const { cross } = documentOf('five').settlement.proof;
    for (const wrong of [
      `${cross.slice(0, -1)}g`,
      cross.slice(0, -2),
      `${cross}00`,
      `xx${cross.slice(2)}`,
      '',
      '0x',
    ]) {
      const document = documentOf('five');
      document.settlement.proof.cross = wrong;
      await expect(check(document), wrong).rejects.toMatchObject({ code: 'E_ROUND_PROOF' });
    }
    for (const spoil of [
      (document) => Reflect.deleteProperty(document, 'verifier'),
      (document) => Reflect.deleteProperty(document.task, 'minShareBps'),
      (document) => document.settled.unavailable.push(-1),
    ] satisfies ((document: RoundProof) => unknown)[]) {
      const document = documentOf('five');
      spoil(document);
      await expect(check(document), `${spoil}`).rejects.toMatchObject({ code: 'E_ROUND_PROOF' });
    }
  });

  it('the way of every trainer ends at its reward, or says why nothing was paid', async () => {
    const { ways, material } = await check(documentOf('five'));
    const { rewards } = material.records.settled;
    for (const [i, { outcome, pay, weight }] of ways.entries()) {
      expect(outcome).not.toBe('');
      expect(pay[0]).toMatchObject({ name: 'Update', figure: 'in time' });
      for (const { part } of [...pay, ...weight])
        expect(part === null || (part >= 0 && part <= 1)).toBe(true);
      if (rewards[i]! > 0n) expect(pay.at(-1)!.name).toBe('Share');
      else expect([outcome, pay.at(-1)!.name]).toEqual(['it would have made the model worse', 'Direction']);
    }
    // The last of the five is a poisoner.
    expect(rewards.map((reward) => reward > 0n)).toEqual([true, true, true, true, false]);
    const absent = (await check(documentOf('four'))).ways[1]!;
    expect(absent).toMatchObject({ outcome: 'no update in time', weight: [] });
  });

  it('a share below the least that the task pays is called that, and not bad work', async () => {
    const { material } = rounds.find(({ name }) => name.startsWith('five'))!;
    const { settled, task } = structuredClone(material.records);
    const [paid] = settled.rewards;
    settled.rewards[0] = 0n;
    const records = { ...material.records, settled, task: { ...task, minShareBps: 5_000 } };
    const { ways } = await check(
      schema.parse(JSON.parse(JSON.stringify(toRoundProof({ ...material, records })))),
    );
    expect(paid).toBeGreaterThan(0n);
    expect(ways[0]!.outcome).toBe('its share is below the least that the task pays');
  });

  it('the parts of the money follow each other and are the whole budget, to the unit', async () => {
    const checked = await check(documentOf('five'));
    const parts = moneyOf(checked, (address) => address === checked.material.records.task.trainers[1]);
    expect(parts.reduce((sum, { units }) => sum + units, 0n)).toBe(checked.material.records.settled.budget);
    expect(parts.map(({ name }) => name)).toContain('Trainer 2 (this node)');
    for (const [i, { from }] of parts.entries()) {
      const before = parts.slice(0, i).reduce((sum, { part }) => sum + part, 0);
      expect(from).toBeCloseTo(before, 4);
    }
  });
});
