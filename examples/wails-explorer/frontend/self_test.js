// The part of --self-test that is the page's: it reads and presses what a reader reads and presses,
// and measures on the way.
(async () => {
  'use strict';
  const PATIENCE_MS = 60_000;
  const JUMPS = 100;
  const STREAM_BYTES = 256 << 20;
  const parts = { jumps: /^jumps/, save: /^saves/ };
  const part = parts[window.bowshotSelfTestPart];
  const checks = [];
  const figures = {};

  async function check(name, test) {
    if (part && !/^the explorer shows/.test(name) && !part.test(name)) return;
    try {
      const detail = await test();
      checks.push({ name, passed: true, detail: detail === undefined ? '' : String(detail) });
    } catch (error) {
      checks.push({ name, passed: false, detail: String(error) });
    }
  }

  function require(holds, what) {
    if (!holds) throw new Error(what);
  }

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  async function until(what, found) {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await pause(2)) {
      const value = await found();
      if (value) return value;
    }
    throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
  }

  const named = (selector, text) =>
    [...document.querySelectorAll(selector)].find((element) => element.textContent.trim() === text);
  const cellsOf = (row) =>
    document.querySelector(
      `[role=row][aria-rowindex="${row + 2}"]:not([aria-busy]) [role=gridcell]`,
    );

  /** Of the panel of exports, which is opened if it is not there. */
  async function downloadButton() {
    if (!named('button', 'Download')) window.bowshotDesktop.pressTool('Export');
    return until('the panel', () => named('button', 'Download'));
  }

  /** As typed and sent: React hears of a value only by an event. */
  function type(input, text) {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, text);
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.form.requestSubmit();
  }

  const dataset = decodeURIComponent(/^#\/([^?]*)/.exec(location.hash)?.[1] ?? '');
  const base = `/v1/datasets/${dataset}`;
  let info;

  await check('the explorer shows rows', async () => {
    await until('cells', () =>
      document.querySelector('[role=row][aria-rowindex="2"] [role=gridcell]'),
    );
    info = await (await fetch(base)).json();
    return `${info.rows} rows of ${dataset}`;
  });

  await check('jumps to rows', async () => {
    const box = document.querySelector('input[title^="Go to a row"]');
    require(box, 'there is no box for the row');
    const times = [];
    for (let jump = 1; jump <= JUMPS; ++jump) {
      const row = Math.floor((info.rows - 1) * ((jump * 0.618_034) % 1));
      const began = performance.now();
      type(box, String(row));
      await until(`row ${row}`, () => cellsOf(row));
      times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    figures.jump_ms_median = times[Math.floor(JUMPS / 2)];
    figures.jump_ms_p95 = times[Math.floor(JUMPS * 0.95)];
  });

  await check('refuses what is not the protocol’s', async () => {
    for (const path of ['/v1/login', '/v1/session', '/etc/passwd', '/v2/datasets']) {
      const { status } = await fetch(path, { method: 'POST', body: '{}' });
      require(status === 404, `${path} is answered with ${status}`);
    }
    const problem = await (await fetch(`${base}/rows?filter=)`)).json();
    require(problem.code === 'bad_filter', `a bad filter is ${problem.code}`);
  });

  await check('bodies go to the server', async () => {
    const query = { dataset, shape: 'count', format: 'json' };
    const answer = await fetch('/v1/query', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(query),
    });
    const { rows } = await answer.json();
    require(Number(rows[0][0]) === info.rows, `the count is ${rows}, not ${info.rows}`);
  });

  await check('streams', async () => {
    const answer = await fetch(`${base}/rows`);
    const reader = answer.body.getReader();
    const began = performance.now();
    let bytes = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      if (bytes > STREAM_BYTES) {
        await reader.cancel();
        break;
      }
    }
    figures.stream_bytes = bytes;
    figures.stream_mb_per_second = bytes / 1000 / (performance.now() - began);
  });

  const queriesRunning = async () => {
    const metrics = await (await fetch('/metrics')).text();
    return Number(/^bowshot_queries_running(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1]);
  };

  await check('an abort stops the query', async () => {
    await until('no query runs', async () => (await queriesRunning()) === 0);
    const controller = new AbortController();
    const answer = fetch(`${base}/profile`, { signal: controller.signal }).then(
      () => 'came',
      (error) => error.name,
    );
    await pause(30);
    controller.abort();
    const began = performance.now();
    const outcome = await answer;
    await until('no query runs', async () => (await queriesRunning()) === 0);
    figures.abort_ms = performance.now() - began;
    return outcome;
  });

  await check('what nobody reads is not sent, and ends with the page’s word', async () => {
    const answer = await fetch(`${base}/rows?format=csv`);
    await pause(1500);
    const { bytes } = await (await fetch('/desktop/self-test/unread', { method: 'POST' })).json();
    await answer.body.cancel();
    require(bytes <= 4 << 20, `${bytes} bytes were sent unread`);
    await until('no query runs', async () => (await queriesRunning()) === 0);
    return `${bytes} bytes`;
  });

  await check('an answer that is cut off is an error', async () => {
    await fetch('/desktop/self-test/cut-answers', { method: 'POST' });
    try {
      const answer = await fetch('/v1/datasets/cut/rows?format=csv');
      const outcome = await answer.text().then(
        (text) => `taken for whole: ${JSON.stringify(text)}`,
        (error) => error.name,
      );
      require(outcome === 'TypeError', outcome);
    } finally {
      await fetch('/desktop/self-test/whole-answers', { method: 'POST' });
    }
  });

  await check('says that an export cannot be written', async () => {
    await fetch('/desktop/self-test/saves?folder=none', { method: 'POST' });
    try {
      (await downloadButton()).click();
      const notice = await until('a notice', () => document.querySelector('.desktop-notice'));
      const words = notice.querySelector('strong').textContent;
      require(words === 'The file was not saved', words);
      require(!document.querySelector('.run'), document.querySelector('.run')?.textContent);
      named('.desktop-notice button', 'Close').click();
      return notice.querySelector('span').textContent;
    } finally {
      await fetch('/desktop/self-test/saves', { method: 'POST' });
    }
  });

  await check('exports by the page’s own panel', async () => {
    const button = await downloadButton();
    const began = performance.now();
    button.click();
    const end = await until('the end of the export', () =>
      document.querySelector('.run[role=alert]')
        ? 'failed'
        : [...document.querySelectorAll('.run')].find((e) => e.textContent.startsWith('Complete')),
    );
    require(end !== 'failed', document.querySelector('.run[role=alert]')?.textContent);
    figures.export_seconds = (performance.now() - began) / 1000;
    return end.textContent;
  });

  await check('saves a link of the page, and tells how far it is', async () => {
    const told = [];
    const observer = new MutationObserver((changes) => {
      for (const { addedNodes } of changes) {
        for (const node of addedNodes) {
          if (node.className === 'desktop-notice') {
            told.push(`${node.textContent}${node.querySelector('progress') ? ' with a bar' : ''}`);
          }
        }
      }
    });
    observer.observe(document.body, { childList: true });
    if (!document.querySelector('a[download]')) window.bowshotDesktop.pressTool('Export');
    (await until('the link', () => document.querySelector('a[download]'))).click();
    const end = await until('the end', () => told.find((text) => !text.startsWith('Saving')));
    observer.disconnect();
    require(end.startsWith('Saved'), end);
    require(/^Saving .* with a bar/.test(told[0]), told[0]);
    return end;
  });

  const seen = [
    document.documentElement.outerHTML,
    document.cookie,
    location.href,
    JSON.stringify(localStorage),
    JSON.stringify(sessionStorage),
    JSON.stringify([...(await fetch('/v1/datasets')).headers]),
    await (await fetch('/desktop/state')).text(),
    await (await fetch('/version')).text(),
  ].join('\n');
  await fetch('/desktop/report', {
    method: 'POST',
    body: JSON.stringify({ checks, figures, seen }),
  });
})();
