import type { CheckedPublication, PublicationDocument, StoredModel } from '@chorus/admin-api';
import { factsOf } from '@chorus/node';
import type { PublicationsSource } from '../admin-areas/publications.ts';
import type { PublicationState } from '../tasks/publication-queue.ts';
import type { AskedTraining } from './asked-training.ts';

/** Publishing a training task. */
export function publicationsSource(running: () => AskedTraining): PublicationsSource {
  return {
    async storeModel(model: Uint8Array): Promise<StoredModel> {
      const { storage } = running().ports;
      return { cid: await storage.put(model), bytes: model.length };
    },

    async publish(id: string, request: CheckedPublication): Promise<PublicationDocument> {
      return toPublication(running().publications.begin(id, request));
    },

    async publication(id: string): Promise<PublicationDocument> {
      return toPublication(running().publications.find(id));
    },
  };
}

function toPublication({ id, state, taskId, error }: PublicationState): PublicationDocument {
  const problem = error && {
    code: error.code,
    message: error.message,
    hint: error.hint ?? null,
    facts: factsOf(error),
  };
  return { id, state, taskId: taskId?.toString() ?? null, problem };
}
