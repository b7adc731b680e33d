/** Where the gateway serves the explorer; its API is below it. */
export const EXPLORER_PATH = '/explorer';
