import type { AdminEnv } from '@chorus/node';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { publicationsApp } from '../admin-areas/publications.ts';
import { rewardsApp } from '../admin-areas/rewards.ts';
import { roundsApp } from '../admin-areas/rounds.ts';
import { stakesApp } from '../admin-areas/stakes.ts';
import { tasksApp } from '../admin-areas/tasks.ts';
import type { AskedTraining } from './asked-training.ts';
import { publicationsSource } from './publications.ts';
import { rewardsSource } from './rewards.ts';
import { roundsSource } from './rounds.ts';
import { stakesSource } from './stakes.ts';
import { tasksSource } from './tasks.ts';

/** Training's part of the admin API; `running` throws until the node runs. */
export function trainingAreas(running: () => AskedTraining): OpenAPIHono<AdminEnv>[] {
  return [
    tasksApp(tasksSource(running)),
    publicationsApp(publicationsSource(running)),
    roundsApp(roundsSource(running)),
    rewardsApp(rewardsSource(running)),
    stakesApp(stakesSource(running)),
  ];
}
