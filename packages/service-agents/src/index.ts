/**
 * Agents as a service of a node: each is opened from its file, served over A2A on libp2p and at the gateway, counted,
 * and served again after a restart.
 *
 * @packageDocumentation
 */
export { type AgentsSource, agentsApp } from './admin-areas/agents-app.ts';
export { type Agents, agents } from './agents.ts';
export * from './config/index.ts';
export type { AgentsEvent, Outcome } from './events/agent-events.ts';
export { AGENTS_EVENTS } from './events/agents-catalogue.ts';
export { type OpenedPayments, openPayments } from './payments/open-payments.ts';
export type { CreditsSource, PaymentsSource } from './payments/source.ts';
export { AgentsService } from './service/agents-service.ts';
