import type { PrivacyView } from '@chorus/admin-api';
import { counted } from '@chorus/protocol';

/** What updates have revealed of one data set of this node. */
export function spentText(
  { data, epsilon, trainings, plain }: PrivacyView['spent'][number],
  delta: number,
): string {
  const many = counted(trainings, 'training');
  return epsilon === null
    ? `data ${data}: no bound on epsilon, ${plain} of ${many} without noise`
    : `data ${data}: epsilon ${number(epsilon)} spent in ${many} (delta ${delta})`;
}

/** Three digits. */
export const number = (value: number) => Number(value.toPrecision(3)).toLocaleString('en');
