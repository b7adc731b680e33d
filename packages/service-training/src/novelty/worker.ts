import { serve } from '@chorus/commitment/engine';
import { noveltyOf } from './novelty-job.ts';

serve({ novelty: noveltyOf });
