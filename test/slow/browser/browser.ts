import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What drives Chromium, and what judges pages: only this suite needs them, so that only it installs them. */
const TOOLS = ['playwright-core@1.65.1', 'axe-core@4.14.1'];
const FOLDER = fileURLToPath(new URL('../../../node_modules/.cache/chorus-test/browser', import.meta.url));

/** Debian's; another one by CHORUS_CHROMIUM. */
const CHROMIUM = process.env.CHORUS_CHROMIUM ?? '/usr/bin/chromium';

/** The part of playwright's API in use. */
export interface Browser {
  newContext(options: {
    viewport: { width: number; height: number };
    colorScheme: 'light' | 'dark';
  }): Promise<{ newPage(): Promise<Page>; close(): Promise<void> }>;
  close(): Promise<void>;
}
export interface Page {
  setDefaultTimeout(milliseconds: number): void;
  goto(url: string): Promise<unknown>;
  evaluate<T>(script: string): Promise<T>;
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): void;
  on(event: 'pageerror', listener: (error: Error) => void): void;
  on(event: 'request', listener: (request: { url(): string }) => void): void;
  route(url: string, handler: (route: Route) => Promise<void>): Promise<unknown>;
  locator(selector: string): Locator;
  waitForSelector(selector: string): Promise<unknown>;
  waitForEvent(event: 'download'): Promise<{ path(): Promise<string> }>;
  screenshot(options: { path: string; fullPage: boolean }): Promise<unknown>;
}
export interface Route {
  fetch(): Promise<{ json(): Promise<unknown> }>;
  fulfill(answer: { json: unknown } | { contentType: string; body: string }): Promise<void>;
}
export interface Locator {
  click(): Promise<void>;
  count(): Promise<number>;
  textContent(): Promise<string | null>;
  fill(text: string): Promise<void>;
  setInputFiles(file: { name: string; mimeType: string; buffer: Buffer }): Promise<void>;
}

/** What a page is tested with. */
export interface Tools {
  browser: Browser;
  /** The source of axe. */
  axe: string;
}

/** Chromium, driven by playwright; or, in a sentence, why it cannot be used. */
export async function openBrowser(): Promise<Tools | string> {
  if (!existsSync(CHROMIUM))
    return `no Chromium at ${CHROMIUM}: apt-get install chromium, or set CHORUS_CHROMIUM`;
  await mkdir(FOLDER, { recursive: true });
  try {
    await promisify(execFile)('npm', ['install', '--prefix', FOLDER, '--no-audit', '--no-fund', ...TOOLS]);
  } catch (error) {
    return `playwright-core cannot be installed: ${error}`;
  }
  // Not `require`, which would name them as what this package depends on.
  const load = createRequire(join(FOLDER, 'package.json'));
  const { chromium } = load('playwright-core') as {
    chromium: { launch(options: object): Promise<Browser> };
  };
  const axe = await readFile(load.resolve('axe-core/axe.min.js'), 'utf8');
  return { browser: await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] }), axe };
}
