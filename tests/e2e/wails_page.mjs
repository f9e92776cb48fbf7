// The page as a Wails window has it, by the window's handler: node wails_page.mjs URL HASH FOLDER
// Prints what it shows, what bridge.js says to the handler, and every text that a script could see.
import { withPage } from './browser.mjs';
import { cancelExport, saveFiles } from './export_panel.mjs';

const [base, hash, folder] = process.argv.slice(2);
const seen = { errors: [], foreign: [], unnamed: [], stops: 0, told: 0, ends: 0, texts: [] };

function watch(page) {
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !/^(data|blob):/.test(url)) seen.foreign.push(url);
    const { pathname, search } = new URL(url);
    const headers = request.headers();
    if (pathname.startsWith('/v1/') && !headers['bowshot-page-answer']) seen.unnamed.push(pathname);
    if (pathname.startsWith('/bowshot/answers/')) {
      if (search === '?stop') seen.stops += 1;
      else if (search.startsWith('?read=')) seen.told += 1;
      else seen.ends += 1;
    }
    seen.texts.push(url, JSON.stringify(headers));
  });
  page.on('response', (response) => seen.texts.push(JSON.stringify(response.headers())));
}

async function rowTexts(page, row) {
  const line = page.locator(`[role=row][aria-rowindex="${row + 2}"]:not([aria-busy])`);
  await line.waitFor();
  return line.locator('[role=gridcell]').allInnerTexts();
}

/** What the page could tell others of: its own text, what it stores, and what it may ask for. */
async function visibleTexts(page) {
  return page.evaluate(async () => [
    document.documentElement.outerHTML,
    document.cookie,
    location.href,
    JSON.stringify({ ...localStorage }),
    JSON.stringify({ ...sessionStorage }),
    ...(await Promise.all(
      ['/version', '/metrics', '/v1/datasets', '/openapi.json', '/v1/session'].map(async (path) =>
        (await fetch(path)).text(),
      ),
    )),
  ]);
}

await withPage(async (page) => {
  watch(page);
  await page.goto(`${base}/${hash}`);
  seen.first = await rowTexts(page, 0);
  await page.locator('.title p', { hasText: /^\d/ }).waitFor();
  seen.count = await page.locator('.title b').innerText();
  await page.getByLabel('Row', { exact: true }).fill('-1');
  await page.getByLabel('Row', { exact: true }).press('Enter');
  seen.last = await rowTexts(page, Number(seen.count.replaceAll(',', '')) - 1);
  await page.screenshot({ path: `${folder}/page.png` });
  seen.file = (await saveFiles(page, ['CSV'], folder)).CSV;
  seen.stopsBefore = seen.stops;
  seen.cancelled = await cancelExport(page, base);
  seen.texts.push(...(await visibleTexts(page)));
});
console.log(JSON.stringify(seen));
