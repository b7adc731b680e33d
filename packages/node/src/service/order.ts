import type { Services } from './service.ts';

/**
 * The names of the services in an order in which each comes after those it needs.
 *
 * @throws Error if a capability is missing, offered twice, or needed in a circle, or if a service is listed under
 *   another name than its own: faults of the program that puts the node together
 */
export function startOrder(services: Services): string[] {
  const providers = new Map<string, string>();
  for (const [name, { config, provides = [] }] of Object.entries(services)) {
    if (config.name !== name) throw new Error(`the service ${config.name} is listed as ${name}`);
    for (const capability of provides) {
      const other = providers.get(capability);
      if (other) throw new Error(`both ${other} and ${name} provide ${capability}`);
      providers.set(capability, name);
    }
  }
  const order: string[] = [];
  const visit = (name: string, path: readonly string[]) => {
    if (order.includes(name)) return;
    if (path.includes(name)) throw new Error(`services need each other: ${[...path, name].join(' > ')}`);
    for (const capability of services[name]!.needs ?? []) {
      const provider = providers.get(capability);
      if (!provider) throw new Error(`the service ${name} needs ${capability}, which no service provides`);
      visit(provider, [...path, name]);
    }
    order.push(name);
  };
  for (const name of Object.keys(services)) visit(name, []);
  return order;
}
