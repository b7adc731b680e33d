export type { OpenAiAgent, OpenAiSource } from './agents.ts';
export { openAiApp } from './app.ts';
