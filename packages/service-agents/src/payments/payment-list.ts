import { identityOfDid } from '@chorus/a2a';
import type { PaymentDocument, PaymentList, PaymentsQuery } from '@chorus/admin-api';
import { type Purchase, readReceipt, type Sale, type SalesStore, transferOf } from '@chorus/payments';
import {
  type Address,
  type ChainPort,
  type ChannelConfig,
  explain,
  type Hex,
  sumText,
  type TransferAuthorization,
} from '@chorus/protocol';
import { type KnownToken, knownToken } from './price.ts';
import type { Purchases } from './purchases.ts';

type Check = PaymentDocument['checks'][number];
type Sum = Omit<PaymentDocument, 'symbol' | 'decimals' | 'checks' | 'signer'>;

const DEFAULT_MOST = 100;

/** Every sum that came in and went out, the latest first, each with its receipt and the chain checked. */
export async function paymentList(
  { agent, most: given }: PaymentsQuery,
  {
    sales,
    purchases,
    chain,
    deployedAt,
  }: {
    sales: SalesStore;
    purchases: Purchases;
    chain: ChainPort;
    deployedAt: number;
  },
): Promise<PaymentList> {
  const most = given ?? DEFAULT_MOST;
  const query = { ...(agent === undefined ? {} : { agent }), most };
  const own = chain.account.toLowerCase() as Address;
  const entries = [
    ...sales.list(query).map((sale) => ({ sum: ofSale(sale), proof: proofOfSale(sale) })),
    ...purchases.store.list(query).map((purchase) => ({
      sum: ofPurchase(purchase, own),
      proof: proofOfPurchase(purchase, own, deployedAt, (id) => purchases.channel(id)),
    })),
  ];
  entries.sort((a, b) => b.sum.at.localeCompare(a.sum.at));
  const payments: PaymentDocument[] = [];
  // One after the other: an endpoint counts its requests.
  for (const { sum, proof } of entries.slice(0, most)) payments.push(await checked(sum, proof, chain));
  return { payments };
}

/** What pays: a transfer, which the chain has after a block or not, or a channel; null: one that is not known any more. */
type Proof =
  | { nonce: Hex; transfer: TransferAuthorization; fromBlock: number }
  | { nonce: Hex; config: ChannelConfig | null };

function proofOfSale({ proof, nonce, fromBlock }: Sale): Proof {
  return 'ceiling' in proof ? { nonce, config: proof.config } : { nonce, transfer: proof, fromBlock };
}

function proofOfPurchase(
  purchase: Purchase,
  payer: Address,
  fromBlock: number,
  channel: (id: Hex) => ChannelConfig | null,
): Proof {
  const { nonce, channel: paidBy } = purchase;
  if (paidBy) return { nonce, config: channel(paidBy.id) };
  return { nonce, transfer: transferOf(purchase, payer), fromBlock };
}

async function checked(sum: Sum, proof: Proof, chain: ChainPort): Promise<PaymentDocument> {
  const token = await knownToken(sum.token as Address, chain).catch(() => null);
  const { signer, checks } = receiptChecks(sum, proof);
  const onChain =
    'transfer' in proof ? await chainCheck(sum, proof, chain) : await channelCheck(sum, proof, chain, token);
  return {
    ...sum,
    symbol: token?.symbol ?? null,
    decimals: token?.decimals ?? null,
    signer,
    checks: [...checks, ...(onChain ? [onChain] : [])],
  };
}

/** Whether a receipt is for this very payment, and for this answer. */
function receiptChecks(sum: Sum, { nonce }: Proof): { signer: string | null; checks: Check[] } {
  if (sum.receipt === null) return { signer: null, checks: [] };
  try {
    const { receipt, did } = readReceipt(sum.receipt, (key) => identityOfDid(key).publicKey);
    const expected = {
      payer: sum.payer,
      payee: sum.payee,
      asset: sum.token,
      amount: sum.amount,
      nonce,
      // A voucher has no transaction of its own.
      transaction: sum.transaction ?? '',
      input: sum.input,
      ...(sum.channel === null ? {} : { channel: sum.channel }),
    };
    const odd = Object.entries(expected)
      .filter(([key, value]) => String(receipt[key]).toLowerCase() !== String(value).toLowerCase())
      .map(([key]) => key);
    const checks: Check[] = [
      {
        check: 'receipt',
        ok: odd.length === 0,
        detail: odd.length === 0 ? `signed by ${did}` : `it names another ${odd.join(', ')}`,
      },
    ];
    if (sum.direction === 'out' && sum.output !== null && receipt.output !== undefined) {
      const same = receipt.output === sum.output;
      checks.push({
        check: 'answer',
        ok: same,
        detail: same ? 'the answer is the one that was signed' : 'another answer was signed than was read',
      });
    }
    return { signer: did, checks };
  } catch (error) {
    return { signer: null, checks: [{ check: 'receipt', ok: false, detail: explain(error).message }] };
  }
}

/** Whether the chain has the transfer; null if there was none to be made. */
async function chainCheck(
  sum: Sum,
  { transfer, fromBlock }: { transfer: TransferAuthorization; fromBlock: number },
  chain: ChainPort,
): Promise<Check | null> {
  try {
    const found = await chain.transferState(transfer, fromBlock);
    if (found.state !== 'made') {
      if (sum.transaction === null) return null;
      const detail = 'the chain does not have it: its block was replaced, or it was never made';
      return { check: 'chain', ok: false, detail };
    }
    const ok = sum.transaction === null || sum.transaction === found.transaction;
    const detail = ok
      ? `in block ${found.block}`
      : `it was made in another transaction, ${found.transaction}`;
    return { check: 'chain', ok, detail };
  } catch (error) {
    return { check: 'chain', ok: false, detail: explain(error).message };
  }
}

/** What the chain has of a channel that pays: vouchers themselves are not on it, the last one is claimed for all. */
async function channelCheck(
  sum: Sum,
  { config }: { config: ChannelConfig | null },
  chain: ChainPort,
  token: KnownToken | null,
): Promise<Check | null> {
  if (config === null || sum.state === 'void' || sum.state === 'refused') return null;
  try {
    const { balance, claimed, withdrawal } = await chain.channel(config);
    const ok = balance > 0n || claimed > 0n;
    const text = (units: bigint) => (token ? sumText(units, token.decimals, token.symbol) : `${units} units`);
    const closing = withdrawal === null ? '' : ', and its payer withdraws';
    const detail = ok
      ? `its channel holds ${text(balance)}, of which ${text(claimed)} are claimed${closing}`
      : 'the chain has no such channel, or nothing is left in it';
    return { check: 'chain', ok, detail };
  } catch (error) {
    return { check: 'chain', ok: false, detail: explain(error).message };
  }
}

const time = (ms: number) => new Date(ms).toISOString();

function ofSale(sale: Sale): Sum {
  const { id, agent, resource, payer, payee, token, amount, state, reason, transaction, receipt } = sale;
  return {
    ...{ direction: 'in', id, agent, resource, payer, payee, token, state, reason, transaction, receipt },
    amount: amount.toString(),
    channel: 'ceiling' in sale.proof ? sale.proof.channelId : null,
    at: time(sale.at),
    endedAt: sale.answeredAt === null ? null : time(sale.answeredAt),
    input: sale.request,
    output: receipt === null ? null : outputIn(receipt),
  };
}

function ofPurchase(purchase: Purchase, payer: Address): Sum {
  const { id, agent, resource, payee, token, amount, state, reason, transaction, receipt, output } = purchase;
  return {
    ...{ direction: 'out', id, agent, resource, payer, payee, token, state, reason, transaction, receipt },
    amount: amount.toString(),
    channel: purchase.channel?.id ?? null,
    at: time(purchase.at),
    endedAt: purchase.endedAt === null ? null : time(purchase.endedAt),
    input: purchase.request,
    output,
  };
}

/** Of a receipt that this node has signed. */
function outputIn(receipt: string): string | null {
  const payload = JSON.parse(Buffer.from(receipt.split('.')[1]!, 'base64url').toString()) as {
    output?: string;
  };
  return payload.output ?? null;
}
