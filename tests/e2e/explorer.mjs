// Drives the explorer page and prints what it shows: node explorer.mjs SERVER_URL SCREENSHOTS
import { withPage } from './browser.mjs';

const [base, screenshots] = process.argv.slice(2);
const seen = { errors: [], foreign: [] };

/** The texts of a row of the grid by its number, once it is there. */
async function rowTexts(page, row) {
  const line = page.locator(`[role=row][aria-rowindex="${row + 2}"]:not([aria-busy])`);
  await line.waitFor();
  return line.locator('[role=gridcell]').allInnerTexts();
}

/** The same, once the row shows something else than it did: other rows came. */
async function otherTexts(page, row, before) {
  const line = `[role=row][aria-rowindex="${row + 2}"]:not([aria-busy])`;
  await page.waitForFunction(
    ([selector, old]) => {
      const cells = [...(document.querySelector(selector)?.querySelectorAll('[role=gridcell]') ?? [])];
      return cells.length > 0 && cells.map((cell) => cell.innerText).join() !== old;
    },
    [line, before.join()],
  );
  return rowTexts(page, row);
}

async function open(page, hash) {
  await page.goto(`${base}/${hash}`);
  await page.getByRole('grid').waitFor();
}

async function goToRow(page, text) {
  await page.getByLabel('Row', { exact: true }).fill(text);
  await page.getByLabel('Row', { exact: true }).press('Enter');
}

async function filterBy(page, text) {
  await page.getByLabel('Filter', { exact: true }).fill(text);
  await page.getByLabel('Filter', { exact: true }).press('Enter');
}

const shot = (page, name) => page.screenshot({ path: `${screenshots}/${name}.png` });

async function billion(page) {
  await open(page, '#/big');
  seen.billionFirst = await rowTexts(page, 0);
  await goToRow(page, '-1');
  seen.billionLast = await rowTexts(page, 999_999_999);
  await shot(page, 'billion-last-row');
  await goToRow(page, '123,456,789');
  seen.billionMiddle = await rowTexts(page, 123_456_789);
}

/** An order that is too long to be kept, opened in its middle: what is said, and the way out. */
async function tooLong(page) {
  await open(page, '#/big?order=-level&row=500000000');
  const alert = page.getByRole('alert');
  await alert.waitFor();
  seen.tooLong = await alert.innerText();
  await shot(page, 'order-too-long');
  await alert.getByRole('button', { name: 'Remove the sort' }).click();
  seen.tooLongMended = await rowTexts(page, 0);
}

async function sort(page) {
  await open(page, '#/flights');
  seen.flightsFirst = await rowTexts(page, 0);
  await shot(page, 'flights');
  const header = page.getByRole('columnheader', { name: 'delay' });
  await header.getByRole('button').click();
  await page.locator('[role=columnheader][aria-sort=ascending]').waitFor();
  seen.ascending = await otherTexts(page, 0, seen.flightsFirst);
  await header.getByRole('button').click();
  await page.locator('[role=columnheader][aria-sort=descending]').waitFor();
  seen.descending = await otherTexts(page, 0, seen.ascending);
  await shot(page, 'flights-sorted');
}

async function filter(page) {
  await open(page, '#/flights');
  const before = await otherTexts(page, 0, seen.descending); // without the order
  await filterBy(page, "origin = 'SFO' AND delay > 300");
  await page.locator('.title b:not([data-pending])', { hasText: /^\d{1,3}(\D\d{3})?$/ }).waitFor();
  seen.filteredCount = await page.locator('.title p').innerText();
  seen.filteredFirst = await otherTexts(page, 0, before);
  await shot(page, 'flights-filtered');
}

async function error(page) {
  await open(page, '#/flights');
  const before = await rowTexts(page, 0);
  await filterBy(page, "distance > 10 AND dlay > 60");
  const alert = page.getByRole('alert');
  await alert.waitFor();
  seen.errorText = await alert.innerText();
  seen.errorMark = await page.locator('.filter-copy mark').innerText();
  await shot(page, 'filter-error');
  await alert.getByRole('button', { name: 'delay' }).click();
  await alert.waitFor({ state: 'detached' });
  seen.errorMended = await page.getByLabel('Filter', { exact: true }).inputValue();
  seen.errorMendedFirst = await otherTexts(page, 0, before);
}

async function theme(page, name) {
  await open(page, '#/flights');
  await rowTexts(page, 0);
  await shot(page, `theme-${name}`);
  return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

function watch(page) {
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith('data:'))
      seen.foreign.push(request.url());
  });
}

await withPage(async (page) => {
  watch(page);
  await billion(page);
  await tooLong(page);
  await sort(page);
  await filter(page);
  await error(page);
  seen.light = await theme(page, 'light');
}, { colorScheme: 'light' });
await withPage(async (page) => {
  watch(page);
  seen.dark = await theme(page, 'dark');
}, { colorScheme: 'dark' });
console.log(JSON.stringify(seen));
