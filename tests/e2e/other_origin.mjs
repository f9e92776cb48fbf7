// A page of another origin asks the server: node other_origin.mjs PAGE_URL SERVER_URL
import { withPage } from './browser.mjs';

const [pageUrl, serverUrl] = process.argv.slice(2);

/** Runs within the page. */
async function ask(base) {
  const path = '/v1/datasets/flights/rows?offset=2999990&limit=10&select=delay,origin';
  try {
    const answer = await fetch(base + path);
    if (!answer.ok) return { status: answer.status, problem: await answer.json() };
    const table = globalThis.Arrow.tableFromIPC(new Uint8Array(await answer.arrayBuffer()));
    const posted = await fetch(`${base}/v1/query`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ dataset: 'flights', shape: 'count', format: 'json' }),
    });
    return {
      rows: table.toArray().map((row) => [Number(row.delay), row.origin]),
      version: answer.headers.get('Bowshot-Version'),
      posted: (await posted.json()).rows,
    };
  } catch (error) {
    return { error: String(error) };
  }
}

const seen = await withPage(async (page) => {
  const messages = [];
  page.on('console', (message) => messages.push(message.text()));
  await page.goto(pageUrl);
  const result = await page.evaluate(ask, serverUrl);
  return { ...result, messages };
});
console.log(JSON.stringify(seen));
