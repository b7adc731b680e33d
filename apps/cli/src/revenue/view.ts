import type {
  CollectionDocument,
  RevenueClaimed,
  RevenueDocument,
  Rewards,
  TillDocument,
  TillTermsDocument,
  TokenAmount,
  UnitsDocument,
} from '@chorus/admin-api';
import colors from 'yoctocolors';
import { fields, table } from '../output/table.ts';
import { amount, duration, short } from '../output/units.ts';

/** Symbols of the tokens that the node knows, by address. */
export type Symbols = ReadonlyMap<string, string>;

export const symbolsOf = ({ tokens }: Pick<RevenueDocument, 'tokens'>): Symbols =>
  new Map(tokens.flatMap(({ token, symbol }) => (symbol === null ? [] : [[token.toLowerCase(), symbol]])));

/** Sums in several tokens, in one line. */
function sums(list: readonly TokenAmount[], symbols: Symbols): string {
  const texts = list.map(({ token, decimals, amount: units }) => {
    const symbol = symbols.get(token.toLowerCase()) ?? `of ${short(token)}`;
    return `${amount(units, decimals)} ${symbol}`;
  });
  return texts.join(', ') || '0';
}

/** How a till divides payments, in words. */
export function termsText({ holders, trainers, tools }: TillTermsDocument): string {
  const parts = [
    ...trainers.map(({ task, percent }) => `${percent} % to the trainers of task ${task}`),
    ...(holders > 0 ? [`${holders} % to the holders of its units`] : []),
    ...tools.map(({ agent, percent }) => `${percent} % to agent ${agent}`),
  ];
  return parts.length === 0 ? 'all of it is its owner’s' : `${parts.join(', ')}; the rest is its owner’s`;
}

export function tillLines(
  { agentId, address, terms, proposed, waiting }: TillDocument,
  symbols: Symbols,
): string[] {
  return [
    fields([
      ['agent', agentId],
      ['till', address],
      ['divides', termsText(terms)],
      ...(proposed
        ? ([['from then on', `${proposed.effectiveAt}: ${termsText(proposed.terms)}`]] as [string, string][])
        : []),
      ['waiting', sums(waiting, symbols)],
    ]),
    '',
    waiting.length === 0 ? 'Nothing waits to be divided.' : `Divide it: chorus till collect ${agentId}`,
  ];
}

export function collectionLines({ agentId, collected }: CollectionDocument, symbols: Symbols): string[] {
  if (collected.length === 0) return [`The till of agent ${agentId} is empty: nothing was sent.`];
  return collected.map((each) => {
    const written = (units: string) => amount(units, each.decimals);
    return [
      colors.bold(symbols.get(each.token.toLowerCase()) ?? `token ${short(each.token)}`),
      fields([
        ['paid by callers', written(each.paid)],
        ...(each.passed === '0' ? [] : ([['passed on to it', written(each.passed)]] as [string, string][])),
        ['fee of the network', written(each.protocolFee)],
        ['to trainers', written(each.trainers)],
        ['to holders', written(each.holders)],
        ['to tools', written(each.tools)],
        ['to its owner', `${written(each.rest)}  ${colors.dim(each.creator)}`],
        ['sent', each.transaction],
      ]),
    ].join('\n');
  });
}

export function unitsLines(units: UnitsDocument, count: string): string[] {
  const { decimals, symbol, token } = units;
  const written = (text: string) => `${amount(text, decimals)} ${symbol ?? short(token)}`;
  const price = (quote: UnitsDocument['sale']) =>
    quote ? `${written(quote.amount)}, fee ${written(quote.fee)}` : '-';
  const many = count === '1' ? 'one' : count;
  return [
    fields([
      ['agent', units.agentId],
      ['about', units.description],
      ['holders get', `${units.holders} % of each payment in ${symbol ?? short(token)}`],
      ['price', `${written(units.base)} for the first, ${written(units.slope)} more for each next one`],
      ['out', `${units.supply} of at most ${units.cap}`],
      ['reserve', written(units.reserve)],
      ['creator', `${units.creator}, bought ${units.creatorUnits} at launch, ${units.locked} not free yet`],
      ['freed over', units.vestingSeconds === 0 ? 'at once' : duration(units.vestingSeconds)],
      [`to buy ${many}`, price(units.purchase)],
      [`to sell ${many}`, price(units.sale)],
      ['you hold', units.held],
      ['your revenue', written(units.revenue)],
    ]),
  ];
}

/** What each stream has brought, and what waits. */
export function earningsLines(rewards: Rewards, revenue: RevenueDocument): string[] {
  const { tills, owed, royalties, units, credits } = revenue;
  const symbols = symbolsOf(revenue);
  const written = (list: readonly TokenAmount[]): string => sums(list, symbols);
  const rows: [string, string, string][] = [
    ...rewards.claimable.map((each): [string, string, string] => [
      'training',
      written([each]),
      'rewards of tasks',
    ]),
    ...credits
      .filter(({ unclaimed, claimed }) => unclaimed !== '0' || claimed !== '0')
      .map(({ token, decimals, unclaimed, claimed }): [string, string, string] => [
        'credits',
        written([{ token, decimals, amount: unclaimed }]),
        `of prepaid calls, not claimed yet; ${written([{ token, decimals, amount: claimed }])} were claimed before`,
      ]),
    ...tills
      .filter(({ waiting }) => waiting.length > 0)
      .map(({ agent, waiting }): [string, string, string] => [
        'agents',
        written(waiting),
        `in the till of ${agent}, before it is divided`,
      ]),
    ...owed.map((each): [string, string, string] => ['agents', written([each]), 'divided, and owed to you']),
    ...royalties.map((each): [string, string, string] => [
      'royalties',
      written([each]),
      'of models you trained',
    ]),
    ...units.map(({ agentId, held, revenue: brought }): [string, string, string] => [
      'units',
      written([brought]),
      `${held} units of agent ${agentId}`,
    ]),
  ];
  if (rows.length === 0) return ['Nothing waits to be claimed.'];
  return [table(['stream', 'claimable', 'what it is'], rows), '', 'Have it paid out: chorus earnings claim'];
}

export function claimedLines(
  training: readonly TokenAmount[],
  { paid, failed }: RevenueClaimed,
  symbols: Symbols,
): string[] {
  const lines = [
    ...training.map((each) => `${sums([each], symbols)} for training`),
    ...paid.map(({ from, transaction, ...each }) =>
      // A till divides it, and pays it out below: it is not another sum for the wallet.
      from === 'credits'
        ? `${sums([each], symbols)} of prepaid calls claimed, to the wallet or the tills, in ${transaction}`
        : `${sums([each], symbols)} from ${from} in ${transaction}`,
    ),
  ];
  const problems = failed.map(
    ({ code, message, hint }) => `${colors.red('not paid')} ${code}: ${message}${hint ? ` - ${hint}` : ''}`,
  );
  return lines.length + problems.length === 0 ? ['there is nothing to claim'] : [...lines, ...problems];
}
