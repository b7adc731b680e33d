import type { LoadedConfig, LoadOptions } from '@chorus/node/config';
import * as host from '@chorus/node/config';
import { AGENTS_SECTION, type AgentsNodeConfig } from '@chorus/service-agents/config';
import { MARKET_SECTION, type MarketNodeConfig } from '@chorus/service-market/config';
import { OFFERS_SECTION, type OffersNodeConfig } from '@chorus/service-offers/config';
import { TRAINING_SECTION, type NodeConfig as TrainingConfig } from '@chorus/service-training/config';

/** The configuration of a node of this program. */
export type NodeConfig = TrainingConfig & AgentsNodeConfig & MarketNodeConfig & OffersNodeConfig;

/** What the configuration of a node can say: the host's part, and a section for each service of this program. */
export const CONFIG = host.defineConfig([TRAINING_SECTION, AGENTS_SECTION, MARKET_SECTION, OFFERS_SECTION]);

/** See `loadConfig` of the host. */
export function loadConfig(path: string, options?: LoadOptions): Promise<LoadedConfig<NodeConfig>> {
  return host.loadConfig(CONFIG, path, options);
}

/** See `editConfig` of the host. */
export function editConfig(path: string, key: string, text: string | null): Promise<void> {
  return host.editConfig(CONFIG, path, key, text);
}

/** See `upgradeFile` of the host. */
export function upgradeConfig(path: string): ReturnType<typeof host.upgradeFile> {
  return host.upgradeFile(CONFIG, path);
}

/** See `renderConfig` of the host. */
export function renderConfig(values: Readonly<Record<string, unknown>>): string {
  return host.renderConfig(CONFIG, values);
}
