import { MAX_JOB_FILE_BYTES } from '@chorus/admin-api';
import { marketRoutes } from '@chorus/admin-api/routes';
import { type AdminEnv, FileReader } from '@chorus/node';
import type { Address } from '@chorus/protocol';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { MarketService } from '../service/market-service.ts';

/** What of a node's market the API shows and does. */
export type MarketSource = Pick<MarketService, 'overview' | 'seat' | 'withdraw'> & {
  jobs: Pick<MarketService['jobs'], 'list' | 'show' | 'create' | 'act' | 'storeFile' | 'file'>;
};

/** Jobs: shown, created, taken further; files of jobs; the seat of a validator. */
export function marketApp(source: () => MarketSource): OpenAPIHono<AdminEnv> {
  const files = new FileReader();
  return new OpenAPIHono<AdminEnv>()
    .openapi(marketRoutes.market, async (c) =>
      c.json(await source().overview(c.req.valid('query').token as Address | undefined), 200),
    )
    .openapi(marketRoutes.jobs, async (c) => c.json(await source().jobs.list(), 200))
    .openapi(marketRoutes.job, async (c) =>
      c.json(await source().jobs.show(BigInt(c.req.valid('param').jobId)), 200),
    )
    .openapi(marketRoutes.createJob, async (c) =>
      c.json(await source().jobs.create(c.req.valid('json')), 200),
    )
    .openapi(marketRoutes.actOnJob, async (c) => {
      const { jobId } = c.req.valid('param');
      return c.json(await source().jobs.act(BigInt(jobId), c.req.valid('json')), 200);
    })
    .openapi(marketRoutes.jobFile, async (c) => {
      const { jobId, file } = c.req.valid('param');
      const { bytes } = await source().jobs.file(BigInt(jobId), file, MAX_JOB_FILE_BYTES);
      return c.body(bytes as Uint8Array<ArrayBuffer>, 200, { 'content-type': 'application/octet-stream' });
    })
    .openapi(marketRoutes.storeJobFile, async (c) => {
      const bytes = await files.read(c.req.raw, MAX_JOB_FILE_BYTES);
      return c.json(await source().jobs.storeFile(c.req.valid('query').name, bytes), 200);
    })
    .openapi(marketRoutes.seat, async (c) => c.json(await source().seat(c.req.valid('json').take), 200))
    .openapi(marketRoutes.withdrawFromMarket, async (c) => c.json(await source().withdraw(), 200));
}
