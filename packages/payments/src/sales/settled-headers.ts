import { encodeHeader, networkOf, OFFER_RECEIPT, RESPONSE_HEADER } from '../wire/headers.ts';
import type { Sale } from './sale.ts';

/** The header of an answer that was paid for: the transaction, and a receipt. */
export function settledHeaders(sale: Sale): Record<string, string> {
  return {
    [RESPONSE_HEADER]: encodeHeader({
      success: true,
      transaction: sale.transaction,
      network: networkOf(sale.chainId),
      payer: sale.payer,
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
