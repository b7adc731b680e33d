export { openInferenceApp } from './app.ts';
