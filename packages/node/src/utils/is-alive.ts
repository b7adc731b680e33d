export { isAlive } from '@chorus/utils';
