import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RoundProof } from '@chorus/admin-api';
import { syntheticDigits } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChorus } from '../../apps/cli/src/testing/chorus-process.ts';
import { CHECK_WORDS } from '../../apps/web/src/proof/words.ts';
import { greyPng } from '../../packages/inference/src/testing/png.ts';
import { patience } from '../patience.ts';
import { openBrowser, type Page, type Tools } from './browser/browser.ts';

/** Where to put a picture of each page, in two widths, light and dark; nowhere by default. */
const PICTURES = process.env.CHORUS_SCREENSHOTS;

const tools = await openBrowser();
if (typeof tools === 'string') console.warn(`skipped: the page in a browser (${tools})`);

/** What a stranger gets from `start --keep`: a network that has trained a model, and the page of one of its nodes. */
describe.skipIf(typeof tools === 'string')('the page of a node, in Chromium', () => {
  const { browser, axe } = tools as Tools;
  let folder: string;
  let demo: ChildProcess;
  /** With the token. */
  let address: string;
  /** Of the explorer. */
  let everyone: string;
  /** What the browser has complained about, and asked of others than the node. */
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-browser-'));
    await buildPage();
    const args = ['demo', '--nodes', '6', '--rounds', '2', `--keep=${join(folder, 'kept')}`, '--page'];
    demo = startChorus(args, { env: { ...process.env, HOME: folder, XDG_DATA_HOME: join(folder, 'data') } });
    ({ address, everyone } = await linksOf(demo));
  });
  afterAll(async () => {
    demo?.kill('SIGKILL');
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(
    width = 1440,
    colorScheme: 'light' | 'dark' = 'light',
    at: string = address,
  ): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    page.setDefaultTimeout(patience(30_000));
    page.on('console', (message) => {
      // A round that is not settled is a 404, what the node refuses a 409.
      if (message.type() === 'error' && !/status of 40[49]/.test(message.text()))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(new URL(at).origin)) complaints.push(request.url());
    });
    await page.goto(at);
    await page.waitForSelector(at === address ? '.figures' : 'main h1');
    return page;
  }

  const show = (page: Page, hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);

  const outcomes = (page: Page) =>
    page.evaluate<Record<string, string>>(
      `Object.fromEntries([...document.querySelectorAll('[data-check]')].map((li) => [li.dataset.check, li.className]))`,
    );

  it('a round is checked in the browser: every check is made, and holds', async () => {
    const page = await open();
    await show(page, '#/tasks/1/rounds/1');
    await page.waitForSelector('.checks .holds');
    expect(await outcomes(page)).toEqual(
      Object.fromEntries(CHECK_WORDS.map(({ check }) => [check, 'holds'])),
    );
    expect(await page.locator('.well').textContent()).toContain('Proven');
    // Each trainer was paid, or sees why not.
    const ways = (await page.locator('.paid').textContent())!;
    expect(ways).toContain('(this node)');
    expect(ways.match(/paid: it made the model better/g)?.length).toBeGreaterThan(0);
    expect(ways).toMatch(/not paid: (it would have made the model worse|its share is below the least)/);
  });

  it.each<[string, (proof: RoundProof) => void, string[]]>([
    [
      'a weight',
      ({ settled, settlement }) => {
        for (const { weights } of [settled, settlement]) weights[weights.findIndex((part) => part > 9)]! -= 9;
      },
      ['transaction', 'inner product', 'opening', 'rule', 'recomputed'],
    ],
    [
      'a bit of the proof',
      ({ settlement: { proof } }) => {
        proof.cross = proof.cross.slice(0, -1) + (proof.cross.endsWith('0') ? '1' : '0');
      },
      ['transaction', 'points'],
    ],
    [
      'a commitment',
      ({ updates }) => {
        const update = updates.find((each) => each !== null)!;
        // The generator of the group: a commitment, and not this one.
        update.commitment = `0x${'1'.padStart(64, '0')}${'2'.padStart(64, '0')}`;
      },
      ['inner product', 'opening', 'rule'],
    ],
  ])('a round in which %s is forged is red, by the checks that cover it', async (_, forge, failing) => {
    const page = await open();
    await page.route('**/rounds/1/proof', async (route) => {
      const document = (await (await route.fetch()).json()) as RoundProof;
      forge(document);
      await route.fulfill({ json: document });
    });
    await show(page, '#/tasks/1/rounds/1');
    await page.waitForSelector('.checks .fails');
    const found = await outcomes(page);
    expect(Object.keys(found).filter((check) => found[check] === 'fails')).toEqual(failing);
    expect(await page.locator('[role=alert]').textContent()).toContain('does not hold');
    expect(await page.locator('.well').count()).toBe(0);
  });

  it('the model that was trained reads a picture, once its price was agreed to', async () => {
    const page = await open();
    await show(page, '#/chat/own/digit-reader');
    await page.waitForSelector('input[type=file]');
    await page.locator('input[type=file]').setInputFiles(digit());
    await page.waitForSelector('.files canvas');
    await page.locator('.ask button[type=submit]').click();
    // Not a coin before a click on the sum.
    await page.waitForSelector('[role=alertdialog]');
    expect(await page.locator('[role=alertdialog]').textContent()).toContain('0.02 CHOR');
    await page.locator('[role=alertdialog] button:not(.plain)').click();
    await page.waitForSelector('.classified');
    expect(await page.locator('.talk').textContent()).toMatch(/\d \(\d+\.\d %\)/);
  });

  it('what an agent writes is Markdown and no HTML, and loads nothing', async () => {
    const page = await open();
    const text =
      '# Hello\n\n<img src="https://beacon.example/a" onerror="document.title = 1"><script>document.title = 2</script>\n\n' +
      '![cat](https://beacon.example/b) [words](https://beacon.example/c) [run](javascript:document.title=3)';
    await page.route('**/v1/agents/calls/ask', (route) =>
      route.fulfill({
        contentType: 'text/event-stream',
        body: [
          { type: 'text', text },
          { type: 'completed', usage: { inputTokens: 1, outputTokens: 1 } },
        ]
          .map((part) => `data: ${JSON.stringify(part)}\n\n`)
          .join(''),
      }),
    );
    await show(page, '#/chat/own/digit-reader');
    await page.waitForSelector('textarea');
    await page.locator('textarea').fill('hello');
    await page.locator('.ask button[type=submit]').click();
    await page.locator('[role=alertdialog] button:not(.plain)').click();
    await page.waitForSelector('.markdown h3');
    const made = await page.evaluate<{ tags: string[]; links: string[] }>(
      `({ tags: [...document.querySelectorAll('.markdown *')].map(({ localName }) => localName),
          links: [...document.querySelectorAll('.markdown a')].map(({ href, rel }) => href + ' ' + rel) })`,
    );
    expect(made.tags.filter((tag) => !['h3', 'p', 'a'].includes(tag))).toEqual([]);
    expect(made.links).toEqual(
      ['b', 'c'].map((name) => `https://beacon.example/${name} noopener noreferrer nofollow`),
    );
    expect(await page.locator('.markdown').textContent()).toContain('onerror');
    expect(await page.evaluate<string>('document.title')).not.toMatch(/^[123]$/);
  });

  it('stake is added and asked back, each after the whole transaction was shown', async () => {
    const page = await open();
    const dialog = page.locator('[role=alertdialog]');
    const shown = async () => (await page.locator('main').textContent())!.replace(/\s+/g, ' ');
    await show(page, '#/money');
    await page.waitForSelector('input[inputmode=decimal]');
    expect(await shown()).toMatch(/Staked ?10 CHOR/);
    await page.locator('.add input').fill('2.5');
    await page.locator('.add form button').click();
    await page.waitForSelector('[role=alertdialog]');
    const asked = (await dialog.textContent())!;
    for (const part of [
      /2\.5 CHOR/,
      /From.*0x[0-9a-f]{40}/,
      /stake contract, 0x[0-9a-f]{40}/,
      /Token0x[0-9a-f]{40}/,
      /Why/,
    ])
      expect(asked).toMatch(part);
    // A key that was meant for something else does not pay.
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('Do not');
    await page.locator('[role=alertdialog] button:not(.plain)').click();
    await page.waitForSelector('text=Done, by transaction 0x');
    await page.locator('[role=alertdialog] button.plain').click();
    await page.waitForSelector('text=12.5');
    await page.locator('.cards div:not(.add) > form input').fill('2.5');
    await page.locator('.cards div:not(.add) > form button').click();
    await page.waitForSelector('text=Ask for stake back?');
    await page.locator('[role=alertdialog] button:not(.plain)').click();
    await page.waitForSelector('text=Done, by transaction 0x');
    await page.locator('[role=alertdialog] button.plain').click();
    await page.waitForSelector('text=Asked back');
    expect(await shown()).toMatch(/Staked ?10 CHOR/);
  });

  it('an agent of the network is paid for its answer, shown link by link, and rated for that payment', async () => {
    const page = await open();
    const dialog = page.locator('[role=alertdialog]');
    await show(page, '#/agents');
    await page.waitForSelector('li:has-text("Front desk") h3 a');
    await page.locator('li:has-text("Front desk") h3 a').click();
    await page.waitForSelector('input[type=file]');
    await page.locator('input[type=file]').setInputFiles(digit());
    await page.locator('.ask button[type=submit]').click();
    await page.waitForSelector('[role=alertdialog]');
    await page.locator('[role=alertdialog] button:not(.plain)').click();
    await page.waitForSelector('.classified');
    await show(page, '#/agents');
    await page.waitForSelector('li:has-text("Front desk") a[href^="#/agents/"]');
    await page.locator('li:has-text("Front desk") a[href^="#/agents/"]').click();
    await page.waitForSelector('.checks .holds');
    expect(await page.locator('.checks .fails, .checks .unknown').count()).toBe(0);
    await page.waitForSelector('text=everything to its creator');
    await page.waitForSelector('table');
    const rated = (await page.locator('main').textContent())!.replace(/\s+/g, ' ');
    expect(rated).toMatch(/\d+ of 100, by 1 account that paid it .*CHOR/);
    await page.locator('input[inputmode=numeric]').fill('90');
    await page.locator('form.search button').click();
    await page.waitForSelector('[role=alertdialog]');
    const asked = (await dialog.textContent())!;
    expect(asked).toContain('0.03 CHOR');
    expect(asked).toMatch(/transaction 0x[0-9a-f]{64}/);
    await page.locator('[role=alertdialog] button:not(.plain)').click();
    await page.waitForSelector('text=Rated, by transaction 0x');
    await page.locator('[role=alertdialog] button.plain').click();
    await page.waitForSelector('td:has-text("(this node)")');
    expect((await page.locator('main').textContent())!).toContain('by 2 accounts');
  });

  it('of an agent of its own the owner sees how its pay is divided, and does not rate it', async () => {
    const page = await open();
    await show(page, '#/agents');
    await page.waitForSelector('section:first-of-type a[href^="#/agents/"]');
    await page.locator('section:first-of-type a[href^="#/agents/"]').click();
    await page.waitForSelector('text=those who trained the model of task 1');
    await page.waitForSelector('input[inputmode=numeric]');
    await page.locator('input[inputmode=numeric]').fill('100');
    await page.locator('form.search button').click();
    await page.waitForSelector('text=E_AGENT_FEEDBACK');
    expect(await page.locator('[role=alertdialog]').count()).toBe(0);
  });

  it('a job is created, funded, worked on and paid for, each step after it was shown', async () => {
    const page = await open();
    const agree = async (title: string) => {
      await page.waitForSelector(`[role=alertdialog]:has-text("${title}")`);
      const asked = (await page.locator('[role=alertdialog]').textContent())!;
      await page.locator('[role=alertdialog] button:not(.plain)').click();
      await page.waitForSelector('[role=alertdialog] [role=status]:not(:has-text("waiting"))');
      const said = (await page.locator('[role=alertdialog] [role=status]').textContent())!;
      await page.locator('[role=alertdialog] button.plain').click();
      return { asked, said };
    };
    await show(page, '#/market');
    await page.waitForSelector('form.fields');
    await page.locator('form.fields textarea').fill('<b>A chart</b> of the peg');
    await page.locator('form.fields input[inputmode=decimal]').fill('1.5');
    await page.locator('form.fields button[type=submit]').click();
    const created = await agree('Create the job?');
    expect(created.asked).toMatch(/1\.5 CHOR/);
    expect(created.asked).toContain('bond of 0.15 CHOR');
    const jobId = /job (\d+)/.exec(created.said)![1]!;
    await show(page, `#/market/${jobId}`);
    await page.waitForSelector('.said');
    expect(await page.locator('.said').textContent()).toBe('<b>A chart</b> of the peg');
    const { wallet } = await page.evaluate<{ wallet: string }>(
      `fetch('/v1/status', { headers: { authorization: 'Bearer ' + sessionStorage.getItem('chorus-token') } }).then((r) => r.json()).then(({ identity }) => identity)`,
    );
    // Its own provider, for a test.
    await page.locator('.fields input[type=text]').fill(wallet);
    await page.locator('.fields button:has-text("Choose the provider")').click();
    await agree('choose the provider?');
    await page.waitForSelector('.fields button:has-text("Fund it")');
    await page.locator('.fields button:has-text("Fund it")').click();
    expect((await agree('fund it?')).asked).toMatch(/Sum1\.5 CHOR/);
    await page.waitForSelector('.fields input[type=file]');
    const work = {
      name: 'chart.svg',
      mimeType: 'image/svg+xml',
      buffer: Buffer.from('<svg onload="alert(1)"/>'),
    };
    await page.locator('.fields input[type=file]').setInputFiles(work);
    await page.locator('.fields button:has-text("Hand in the work")').click();
    expect((await agree('hand in the work?')).asked).toContain('chart.svg');
    await page.waitForSelector('.fields button:has-text("Accept the work")');
    const saved = page.waitForEvent('download');
    await page.locator('button:has-text("Save")').click();
    const bytes = await readFile(await (await saved).path());
    expect(bytes.toString()).toBe('<svg onload="alert(1)"/>');
    await page.locator('.fields button:has-text("Accept the work")').click();
    await agree('accept the work?');
    await page.waitForSelector('text=It is over: completed.');
  });

  it('the owner gets votes by delegating, and what a vote can change is shown with its bounds', async () => {
    const page = await open();
    await show(page, '#/votes');
    await page.waitForSelector('.cards h3');
    await page.locator('button:has-text("Vote with your tokens")').click();
    await page.waitForSelector('[role=alertdialog]');
    await page.locator('[role=alertdialog] button:not(.plain)').click();
    await page.waitForSelector('text=Done, by transaction 0x');
    await page.locator('[role=alertdialog] button.plain').click();
    await page.waitForSelector('dd:has-text("this wallet")');
    await page.waitForSelector('li:has-text("fee of the network")');
    const shown = (await page.locator('main').textContent())!.replace(/\s+/g, ' ');
    expect(shown).toMatch(/protocol-fee ?1 % fee of the network/);
    expect(shown).toContain('0 % to 5 %');
    // Too few votes: refused in words, before anything is sent.
    await page.locator('.cards li:has-text("protocol-fee") button').click();
    await page.locator('.cards li:has-text("protocol-fee") input').fill('2');
    expect(await page.locator('.cards li:has-text("protocol-fee") button[disabled]').count()).toBe(1);
    await page.locator('.cards li:has-text("protocol-fee") input').fill('2%');
    await page.locator('.cards li:has-text("protocol-fee") button[type=submit]').click();
    await page.waitForSelector('.cards [role=alert]');
    expect(await page.locator('.cards [role=alert]').textContent()).toContain('E_GOVERNANCE_');
  });

  it('what calls, models and units have earned is paid out, once the sums were shown', async () => {
    const page = await open();
    await show(page, '#/money');
    const claim = 'button:has-text("Claim all")';
    await page.waitForSelector(claim);
    const before = (await page.locator('main').textContent())!.replace(/\s+/g, ' ');
    expect(before).toMatch(/In the tills of your agents, not divided yet ?[\d.]+ CHOR/);
    await page.locator(claim).click();
    await page.waitForSelector('[role=alertdialog]:has-text("Have all of it paid out?")');
    await page.locator('[role=alertdialog] button:not(.plain)').click();
    await page.waitForSelector('text=Paid from tills, by transaction 0x');
    await page.locator('[role=alertdialog] button.plain').click();
    await page.waitForSelector('h2:has-text("Prepaid calls")');
    await page.waitForSelector('text=chorus credits open AGENT');
  });

  it('everyone sees tasks, proofs, agents and votes without a token, and nothing that changes anything', async () => {
    const page = await open(1440, 'light', everyone);
    await page.waitForSelector('.cards a');
    expect(await page.locator('nav').textContent()).toBe('TasksAgentsVotes');
    const text = async () => (await page.locator('main').textContent())!.replace(/\s+/g, ' ');
    await show(page, '#/tasks/1');
    await page.waitForSelector('.plot');
    expect(await text()).not.toContain('this node');
    await show(page, '#/tasks/1/rounds/1');
    await page.waitForSelector('.checks .holds');
    expect(await outcomes(page)).toEqual(
      Object.fromEntries(CHECK_WORDS.map(({ check }) => [check, 'holds'])),
    );
    await show(page, '#/agents');
    await page.waitForSelector('li:has-text("Front desk") h3 a');
    await page.locator('li:has-text("Front desk") h3 a').click();
    await page.waitForSelector('.checks .holds');
    await page.waitForSelector('table');
    expect(await page.locator('main button, main input').count()).toBe(0);
    await show(page, '#/votes');
    await page.waitForSelector('li:has-text("fee of the network")');
    expect(await page.locator('main button').count()).toBe(0);
    // Those that would change something, or show money and the log, are no pages here.
    for (const hash of ['#/money', '#/market', '#/log', '#/peers', '#/chat/network/7']) {
      await show(page, hash);
      await page.waitForSelector('text=There is no such page');
    }
    expect(await page.evaluate<string | null>(`sessionStorage.getItem('chorus-token')`)).toBeNull();
    if (PICTURES) {
      await show(page, '#/tasks/1/rounds/1');
      await page.waitForSelector('.checks .holds');
      await page.screenshot({ path: join(PICTURES, 'explorer-round.png'), fullPage: true });
    }
  });

  it('no page has a serious fault for readers who do not see or do not point, and none is wider than a phone', async () => {
    for (const width of [1440, 390]) {
      for (const scheme of ['light', 'dark'] as const) {
        const page = await open(width, scheme);
        for (const hash of [
          '#/',
          '#/tasks',
          '#/tasks/1',
          '#/tasks/1/rounds/1',
          '#/agents',
          '#/agents/1',
          '#/market',
          '#/market/1',
          '#/money',
          '#/votes',
          '#/chat/own/digit-reader',
          '#/peers',
          '#/log',
        ]) {
          await show(page, hash);
          await page.waitForSelector(hash === '#/tasks/1/rounds/1' ? '.checks .holds' : 'main h1');
          await page.waitForSelector(hash === '#/tasks/1' ? '.plot' : 'main h1');
          const where = `${hash} ${width} ${scheme}`;
          expect(
            await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth'),
            where,
          ).toBeLessThanOrEqual(0);
          expect(await faultsOf(page), where).toEqual([]);
          if (PICTURES) {
            await mkdir(PICTURES, { recursive: true });
            const name = `${hash.replace(/\W+/g, '-')}-${width}-${scheme}.png`;
            await page.screenshot({ path: join(PICTURES, name), fullPage: true });
          }
        }
      }
    }
  });

  async function faultsOf(page: Page): Promise<string[]> {
    await page.evaluate(axe);
    return page.evaluate<string[]>(
      `axe.run().then(({ violations }) => violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ').slice(0, 300)))`,
    );
  }

  it('the browser has run nothing that the policy forbids, and has asked no one but the node', () => {
    expect(complaints).toEqual([]);
  });

  it('an interruption ends all nodes, and the network stays to be inspected', async () => {
    demo.kill('SIGINT');
    const [code] = await once(demo, 'exit');
    expect(code).toBe(0);
    const verify = startChorus(['proof', 'verify', '1', '2', '--network', join(folder, 'kept'), '--json']);
    expect((await once(verify, 'exit'))[0]).toBe(0);
  });
});

/** A picture of a digit. */
function digit(): { name: string; mimeType: string; buffer: Buffer } {
  const { inputs } = syntheticDigits({ seed: 5, count: 1 });
  const picture = greyPng(28, 28, (x, y) => Math.round(255 * inputs![28 * y + x]!));
  return { name: 'digit.png', mimeType: 'image/png', buffer: Buffer.from(picture) };
}

/** Into the folder from which a node serves it. */
async function buildPage(): Promise<void> {
  const web = fileURLToPath(new URL('../../apps/web/', import.meta.url));
  const vite = createRequire(join(web, 'package.json')).resolve('vite/package.json');
  const args = [join(dirname(vite), 'bin/vite.js'), 'build', '--logLevel', 'warn'];
  // As everyone builds it: in a test, Vite would build for its own development.
  await promisify(execFile)(process.execPath, args, {
    cwd: web,
    env: { ...process.env, NODE_ENV: 'production' },
  });
}

/** The links that the demo ends with. */
function linksOf(demo: ChildProcess): Promise<{ address: string; everyone: string }> {
  return new Promise((resolve, reject) => {
    let [said, log] = ['', ''];
    demo.stdout!.setEncoding('utf8').on('data', (text) => {
      said += text;
      const address = /http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+/.exec(said)?.[0];
      const everyone = /http:\/\/127\.0\.0\.1:\d+\/explorer\//.exec(said)?.[0];
      if (address && everyone) resolve({ address, everyone });
    });
    demo.stderr!.setEncoding('utf8').on('data', (text) => {
      log += text;
    });
    demo.once('exit', (code) => reject(new Error(`the demo ended with ${code}: ${log.slice(-2_000)}`)));
  });
}
