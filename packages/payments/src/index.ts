/**
 * HTTP requests that are paid for by x402 version 2 (scheme `exact`, EIP-3009): the side that charges and the side that
 * pays. Nothing here knows A2A, MCP or agents; it is loaded only where something has a price.
 *
 * @packageDocumentation
 */
export { ChannelKeeper, type Claimed, type ClaimRules } from './channels/channel-keeper.ts';
export type { Credit } from './channels/credit.ts';
export { Credits, mustBeOpen, unlessOpen } from './channels/credits.ts';
export { CreditsStore } from './channels/credits-store.ts';
export { type HeldChannel, unclaimedIn } from './channels/held-channel.ts';
export { HeldChannels } from './channels/held-channels.ts';
export { acceptsOf, type Offer } from './exact/offer.ts';
export type { Cap, Caps } from './purchases/caps.ts';
export { checkOffer } from './purchases/check-offer.ts';
export { intentOf } from './purchases/intent.ts';
export { type Ending, type Paid, Payer } from './purchases/payer.ts';
export { type PayingFetch, type Purse, payingFetch, type Send } from './purchases/paying-fetch.ts';
export { type Purchase, transferOf } from './purchases/purchase.ts';
export { PurchasesStore } from './purchases/purchases-store.ts';
export { type ReceiptPayload, type ReceiptSigner, readReceipt } from './receipt/receipt.ts';
export { Cashier } from './sales/cashier.ts';
export { notPaid, PaidCall } from './sales/paid-call.ts';
export type { Sale } from './sales/sale.ts';
export { SalesStore } from './sales/sales-store.ts';
export { servePaid } from './sales/serve-paid.ts';
