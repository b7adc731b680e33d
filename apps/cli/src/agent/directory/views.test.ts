import { stripVTControlCharacters } from 'node:util';
import type {
  AgentIdentityDocument,
  DirectoryList,
  RegistrationDocument,
  ReputationDocument,
} from '@chorus/admin-api';
import { describe, expect, it } from 'vitest';
import { foundRows, whyLines } from './found-view.ts';
import { identityLines } from './identity-view.ts';
import { costText, registrationLines } from './registration-view.ts';
import { givenText, reputationLines } from './reputation-view.ts';

const ADDRESS = `0x${'ab'.repeat(20)}`;
const REGISTRY = { address: ADDRESS, chainId: 5 };
const text = (lines: string[]) => stripVTControlCharacters(lines.join('\n'));

const found = (change: Partial<DirectoryList['agents'][number]> = {}) =>
  ({
    agentId: '7',
    score: 61.234,
    title: 'Guide',
    skills: [{ id: 'tides' }, { id: 'berths' }],
    price: null,
    latencyMs: 12,
    reputation: null,
    description: 'Knows the harbour.',
    parts: [
      { name: 'words', weight: 60, value: 0.5, says: 'two of four words' },
      { name: 'speed', weight: 10, value: 1, says: '12 ms' },
    ],
    ...change,
  }) as unknown as DirectoryList['agents'][number];

describe('a found agent', () => {
  it('is a row, free without a price, and with a dash for no skill', () => {
    const price = { text: '0.05 CHOR' } as NonNullable<DirectoryList['agents'][number]['price']>;
    expect(
      foundRows([
        found(),
        found({ price, skills: [], reputation: { score: 86, raters: 2, paid: '9 CHOR' } }),
      ]),
    ).toEqual([
      ['7', '61.2', 'Guide', 'tides, berths', 'free', '-', '12 ms', 'Knows the harbour.'],
      ['7', '61.2', 'Guide', '-', '0.05 CHOR', '86 (9 CHOR)', '12 ms', 'Knows the harbour.'],
    ]);
  });

  it('has a score that its parts explain, each of its own weight', () => {
    const lines = text(whyLines(found()));
    expect(lines).toContain('agent 7 (Guide): 61.2 of 100');
    expect(lines).toMatch(/words +30\.0 of 60 {2}two of four words/);
    expect(lines).toMatch(/speed +10\.0 of 10 {2}12 ms/);
  });
});

const identity = (change: Partial<AgentIdentityDocument> = {}): AgentIdentityDocument =>
  ({
    agentId: '7',
    title: 'Guide',
    description: '',
    owner: ADDRESS,
    wallet: null,
    url: 'libp2p://k51/agents/guide/',
    registry: REGISTRY,
    skills: [{ id: 'tides' }],
    till: null,
    offers: [],
    proven: true,
    links: [
      { name: 'registered', holds: true, says: 'block 9' },
      { name: 'answers', holds: null, says: 'not tried' },
      { name: 'card', holds: false, says: 'signed by another key' },
    ],
    ...change,
  }) as unknown as AgentIdentityDocument;

describe('the identity of an agent', () => {
  it('shows each link with a sign of its own for yes, no and not known', () => {
    const lines = text(identityLines(identity(), null));
    expect(lines).toMatch(/✓ the registry knows it +block 9/);
    expect(lines).toMatch(/– that peer answers for it +not tried/);
    expect(lines).toMatch(/✗ its card is signed, .* +signed by another key/);
  });

  it('is relied on only if every link holds', () => {
    expect(text(identityLines(identity(), null))).toContain('Who answers is proven');
    const broken = text(identityLines(identity({ proven: false }), null));
    expect(broken).toContain('do not rely on who this is');
    expect(broken).not.toContain('is proven');
  });

  it('leaves out what is not known, and says how a till divides', () => {
    const bare = text(identityLines(identity({ title: null, skills: [] }), null));
    expect(bare).not.toMatch(/wallet|skills|description|divides|rated/);
    const till = { holders: 20, trainers: [], tools: [] };
    const paid = text(
      identityLines(identity({ till: till as unknown as AgentIdentityDocument['till'] }), null),
    );
    expect(paid).toMatch(/divides +20 % to the holders/);
  });
});

const reputation = (change: Partial<ReputationDocument> = {}): ReputationDocument => ({
  ...{
    agentId: '7',
    token: ADDRESS,
    symbol: 'CHOR',
    decimals: 2,
    score: 70,
    raters: 1,
    paid: '100',
    fee: '1',
  },
  feedback: [
    {
      ...{ client: ADDRESS, index: '1', own: true, rating: 90, transaction: '0x01', paid: '100' },
      ...{ paidAt: '2026-01-02T03:04:05.000Z', part: 1, uncounted: null },
    },
    {
      ...{ client: ADDRESS, index: '2', own: false, rating: null, transaction: '0x02', paid: '0' },
      ...{ paidAt: null, part: 0, uncounted: 'no rating' },
    },
  ],
  ...change,
});

describe('the reputation of an agent', () => {
  it('says what stands behind the score, and of each rating what it weighs or why it does not count', () => {
    const lines = text(reputationLines(reputation()));
    expect(lines).toContain('70 of 100, by 1 account that paid it (1 CHOR, of which 0.01 CHOR is');
    expect(lines).toMatch(/1 +0xababab…abab \(you\) +90 +1 CHOR +2026-01-02 +100\.0 %/);
    expect(lines).toMatch(/2 +0xababab…abab +- +- +- +no: it gives no number/);
    expect(text(identityLines(identity(), reputation()))).toMatch(/rated +70 of 100/);
    const unrated = reputation({ score: 50, raters: 0, feedback: [] });
    expect(reputationLines(unrated)).toHaveLength(1);
    expect(text(reputationLines(unrated))).toContain('50 of 100: no account that paid it has rated it');
  });

  it('says what a rating would be about, and how it is taken back once it is given', () => {
    const payment = { token: ADDRESS, symbol: 'CHOR', decimals: 2, transaction: '0x01', amount: '5' };
    const planned = { agentId: '7', rating: 90, payment, given: null };
    expect(givenText(planned)).toBe(
      'Agent 7 would be rated 90 of 100, for 0.05 CHOR paid in 0x01. Nothing was sent.',
    );
    const given = { ...planned, given: { index: '3', transaction: '0x02' } };
    expect(givenText(given)).toContain('chorus agent feedback 7 --revoke 3');
  });
});

const registration = (change: Partial<RegistrationDocument> = {}): RegistrationDocument =>
  ({
    agent: 'guide',
    agentId: null,
    registry: REGISTRY,
    uri: 'ipfs://bafy',
    transactions: [],
    till: null,
    cost: { gas: '250000', wei: '2500000000000000' },
    ...change,
  }) as unknown as RegistrationDocument;

describe('the registration of an agent', () => {
  it('costs two transactions the first time, one for a change, and nothing if all is on chain', () => {
    expect(costText(registration())).toBe(
      "To register guide takes two transactions: about 0.0025 of the chain's coin (250,000 gas).",
    );
    expect(costText(registration({ agentId: '7' }))).toContain('takes one transaction');
    expect(costText(registration({ cost: { gas: '0', wei: '0' } }))).toContain('nothing is sent');
    expect(costText(registration({ cost: null } as Partial<RegistrationDocument>))).toContain(
      'nothing is sent',
    );
  });

  it('says what was sent, and how to see and call the agent', () => {
    const lines = text(registrationLines(registration({ agentId: '7' })));
    expect(lines).toMatch(/sent +nothing: it was on chain already/);
    expect(lines).toContain('chorus agent show 7');
    const sent = text(registrationLines(registration({ agentId: '7', transactions: ['0x1', '0x2'] })));
    expect(sent).toMatch(/sent +0x1, 0x2/);
  });

  it('says from when new terms of a till hold, and to repeat the command then', () => {
    const till = {
      address: ADDRESS,
      terms: { holders: 0, trainers: [], tools: [] },
      effectiveAt: '2026-12-01',
    };
    const lines = text(
      registrationLines(
        registration({ agentId: '7', till: till as unknown as RegistrationDocument['till'] }),
      ),
    );
    expect(lines).toMatch(/paid to +its till 0xab.*from 2026-12-01 on \(repeat this command then\)/);
  });
});
