import type { Registration } from '@chorus/node';

/** What a node that trains says of itself in the registration file of its identity (ERC-8004). */
export const TRAINING_REGISTRATION: Registration = {
  description: 'Trains models with others and is paid for what its updates contribute.',
};
