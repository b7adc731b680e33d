import type { CheckedPublication, PublicationDocument, StoredModel } from '@chorus/admin-api';
import { publicationRoutes } from '@chorus/admin-api/routes';
import { type AdminEnv, FileReader } from '@chorus/node';
import { MAX_MODEL_BYTES } from '@chorus/protocol';
import { OpenAPIHono } from '@hono/zod-openapi';

/** The publications of a node's wallet. Methods throw ChorusError. */
export interface PublicationsSource {
  storeModel(model: Uint8Array): Promise<StoredModel>;
  /** Begin to publish, unless it was begun before; answers at once. */
  publish(id: string, request: CheckedPublication): Promise<PublicationDocument>;
  publication(id: string): Promise<PublicationDocument>;
}

/** Publishing a training task, and the model that it starts with. */
export function publicationsApp(source: PublicationsSource): OpenAPIHono<AdminEnv> {
  const files = new FileReader();
  return new OpenAPIHono<AdminEnv>()
    .openapi(publicationRoutes.upload, async (c) => {
      const model = await files.read(c.req.raw, MAX_MODEL_BYTES);
      return c.json(await source.storeModel(model), 200);
    })
    .openapi(publicationRoutes.publish, async (c) =>
      c.json(await source.publish(c.req.valid('param').id, c.req.valid('json')), 200),
    )
    .openapi(publicationRoutes.publication, async (c) =>
      c.json(await source.publication(c.req.valid('param').id), 200),
    );
}
