export { NodeRevenue } from './node-revenue.ts';
