import { MAX_MODEL_BYTES } from '@chorus/protocol';
import { z } from 'zod';
import {
  modelSchema,
  publicationIdSchema,
  publicationRequestSchema,
  publicationSchema,
} from '../documents/publications.ts';
import { answers, type Endpoint, fileBody, jsonBody, slow, TOKEN } from './endpoint.ts';

const params = z.object({ id: publicationIdSchema });

export const publicationEndpoints = {
  upload: slow({
    operationId: 'upload',
    method: 'post',
    path: '/v1/models',
    summary: 'Store an ONNX model, to publish a task with it; the same file gives the same CID',
    security: TOKEN,
    request: { body: fileBody(MAX_MODEL_BYTES) },
    responses: answers(modelSchema),
  }),
  publish: {
    operationId: 'publish',
    method: 'put',
    path: '/v1/publications/{id}',
    summary:
      'Publish a task of this wallet: check it, then escrow its budget. Answers at once; the same id never pays twice',
    security: TOKEN,
    request: { params, body: jsonBody(publicationRequestSchema) },
    responses: answers(publicationSchema),
  },
  publication: {
    operationId: 'publication',
    method: 'get',
    path: '/v1/publications/{id}',
    summary: 'The state of a publication, also of one before a restart',
    security: TOKEN,
    request: { params },
    responses: answers(publicationSchema),
  },
} satisfies Record<string, Endpoint>;
