import type { HeldChannels } from '../channels/held-channels.ts';
import { encodeHeader, networkOf, OFFER_RECEIPT, RESPONSE_HEADER } from '../wire/headers.ts';
import type { Sale } from './sale.ts';

/** The header of an answer that was paid for: the transaction, or where the channel is, and a receipt. */
export function settledHeaders(sale: Sale, channels: Pick<HeldChannels, 'find'>): Record<string, string> {
  return {
    [RESPONSE_HEADER]: encodeHeader({
      success: true,
      transaction: sale.transaction ?? '',
      network: networkOf(sale.chainId),
      payer: sale.payer,
      ...channelPart(sale, channels),
      ...(sale.receipt === null
        ? {}
        : {
            extensions: {
              [OFFER_RECEIPT]: { info: { version: 1, receipt: { format: 'jws', signature: sale.receipt } } },
            },
          }),
    }),
    'cache-control': 'no-store',
  };
}

function channelPart({ proof, amount }: Sale, channels: Pick<HeldChannels, 'find'>): object {
  if (!('ceiling' in proof)) return {};
  const held = channels.find(proof.channelId);
  return {
    amount: '',
    extra: {
      chargedAmount: amount,
      ...(held && {
        channelState: {
          channelId: held.id,
          balance: held.balance,
          totalClaimed: held.claimed,
          withdrawRequestedAt: 0,
          chargedCumulativeAmount: held.charged,
        },
      }),
    },
  };
}
