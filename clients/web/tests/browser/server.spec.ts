/**
 * What must hold for the data of any server: the page shows what the server answers. Runs against
 * the server at BOWSHOT_URL, or else against the mock. The rows that are expected are asked for by
 * the test itself, a row at a time.
 */
import { connect, type Bowshot, type DatasetSummary, type OrderBy } from '@bowshot/client';
import { cellText, isNumericType } from '@bowshot/react';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { startMockServer, type MockServer } from '../../mock/server.mjs';
import { expectSoon, expectText } from './expect-soon.js';
import { explorer, openPage, PAGE, useBrowser } from './session.js';

/** Above this a sort is not asked for: without an order index it takes minutes. */
const SORTED_ROWS_MAX = 20_000_000;
const COLUMNS_COMPARED = 4;

let mock: MockServer | undefined;
let url: string;
let bowshot: Bowshot;
let datasets: DatasetSummary[];

beforeAll(async () => {
  if (!process.env['BOWSHOT_URL']) mock = await startMockServer({ page: PAGE });
  url = process.env['BOWSHOT_URL'] ?? mock!.url;
  bowshot = connect(url);
  datasets = await bowshot.datasets();
});

afterAll(() => mock?.close());

useBrowser();
beforeEach(() => openPage());

/** The dataset with the most rows, up to a limit. */
function largest(rowsMax = Infinity): DatasetSummary {
  const candidates = datasets.filter(({ rows }) => rows > 100 && rows <= rowsMax);
  return candidates.reduce((best, dataset) => (dataset.rows > best.rows ? dataset : best));
}

async function open(dataset: string): Promise<void> {
  await explorer.page.goto(`${url}/#/${encodeURIComponent(dataset)}`);
  await expectSoon(
    () =>
      explorer
        .row(0)
        .count()
        .then((cells) => cells > 0),
    true,
  );
}

/** A row's first cells as the page should show them. */
async function expectRow(
  dataset: string,
  row: number,
  view: { order?: OrderBy[]; filter?: string },
) {
  const table = await bowshot
    .dataset(dataset)
    .rows({ ...view, offset: row, limit: 1 })
    .table();
  expect(table.numRows).toBe(1);
  for (let column = 0; column < Math.min(COLUMNS_COMPARED, table.numCols); ++column) {
    const expected = cellText(table.getChildAt(column)!, 0) ?? 'null';
    await expectText(explorer.cell(row, column), expected);
  }
}

test('the list has every dataset, and the schema every column', async () => {
  const { name } = largest();
  await open(name);
  const names = await explorer.page.locator('.dataset-list li span').allTextContents();
  expect(names.sort()).toEqual(datasets.map((dataset) => dataset.name).sort());
  const info = await bowshot.dataset(name).info();
  const columns = explorer.page.locator('.column-list li button:first-child span');
  expect(await columns.allTextContents()).toEqual(info.columns.map((column) => column.name));
  await explorer.screenshot('server-first');
});

test('the first, the last and rows between are what the server answers', async () => {
  const { name, rows } = largest();
  await open(name);
  await expectRow(name, 0, {});
  await explorer.grid.focus();
  await explorer.page.keyboard.press('Control+End');
  await explorer.page.keyboard.press('Home');
  await expectRow(name, rows - 1, {});
  await explorer.screenshot('server-last');
  for (const share of [0.123456789, 0.5, 0.987654321]) {
    const row = Math.floor(rows * share);
    await explorer.goTo(row);
    await expectRow(name, row, {});
  }
});

test('sorted both ways, to the last row', async () => {
  const { name, rows } = largest(SORTED_ROWS_MAX);
  await open(name);
  const info = await bowshot.dataset(name).info();
  const column = info.columns.find(({ type }) => isNumericType(type))!.name;
  const button = explorer.columnHeader(column).getByRole('button');
  await button.click();
  await expectRow(name, 0, { order: [{ column }] });
  await explorer.goTo(rows - 1);
  await expectRow(name, rows - 1, { order: [{ column }] });
  await button.click();
  await expectRow(name, 0, { order: [{ column, descending: true }] });
  await explorer.screenshot('server-sorted');
});

test('a filter keeps the rows that the server counts', async () => {
  const { name } = largest(SORTED_ROWS_MAX);
  await open(name);
  const info = await bowshot.dataset(name).info();
  const column = info.columns.find(({ type }) => isNumericType(type))!.name;
  const filter = `${column} > 10`;
  const count = await bowshot.dataset(name).count({ filter });
  expect(count).toBeGreaterThan(0);
  await explorer.applyFilter(filter);
  const total = info.rows.toLocaleString('en-US');
  await expectText(
    explorer.page.locator('.title p'),
    `${count.toLocaleString('en-US')} of ${total} rows`,
  );
  await explorer.goTo(count - 1);
  await expectRow(name, count - 1, { filter });
  await explorer.screenshot('server-filtered');
});

test('a wrong name is underlined where it is', async () => {
  const { name } = largest(SORTED_ROWS_MAX);
  await open(name);
  await explorer.applyFilter('no_such_column > 1');
  await expectText(explorer.page.locator('.filter-copy mark'), 'no_such_column');
  await explorer.screenshot('server-filter-error');
  await explorer.filter.press('Escape');
  await expectRow(name, 0, {});
});
