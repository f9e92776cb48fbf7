import { beforeEach, expect, test } from 'vitest';

import { expectSoon, expectText } from './expect-soon.js';
import { explorer, mock, open, useMockServer } from './session.js';

const LAST = 999_999_999;
/** Of the mock's flights. */
const FIRST_DELAY = '324';
const LOWEST_DELAY = '-30';

useMockServer();
beforeEach(() => open(''));

test('the first dataset is shown with its schema and its rows', async () => {
  await expectText(explorer.cell(3, 0), '3');
  await expectText(explorer.cell(3, 2), 'ebony');
  await expectText(explorer.cell(3, 4), 'null');
  await expectText(explorer.page.locator('.title h1'), 'billion');
  expect(await explorer.page.locator('.title p').innerText()).toContain('1,000,000,000 rows');
  await expectSoon(() => explorer.page.locator('.column-list li').count(), 8);
  await expectSoon(() => explorer.grid.getAttribute('aria-rowcount'), '1000000001');
  await expectSoon(() => explorer.grid.getAttribute('aria-colcount'), '9');
  await explorer.screenshot('first');
});

test('Ctrl+End reaches the last cell of 10^9 rows, Ctrl+Home the first', async () => {
  await expectText(explorer.cell(0, 0), '0');
  await explorer.grid.focus();
  await explorer.page.keyboard.press('Control+End');
  await expectText(explorer.cell(LAST, 7), 'true');
  await expectSoon(() => explorer.cell(LAST, 7).getAttribute('aria-selected'), 'true');
  await explorer.page.keyboard.press('Home');
  await expectText(explorer.cell(LAST, 0), '999,999,999');
  const active = await explorer.grid.getAttribute('aria-activedescendant');
  await expectSoon(() => explorer.cell(LAST, 0).getAttribute('id'), active);
  await explorer.screenshot('last-row');
  await explorer.page.keyboard.press('Control+Home');
  await expectText(explorer.cell(0, 0), '0');
});

test('arrows and pages move the active cell and bring it into sight', async () => {
  await expectText(explorer.cell(0, 0), '0');
  await explorer.grid.focus();
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight'])
    await explorer.page.keyboard.press(key);
  await expectSoon(() => explorer.cell(2, 1).getAttribute('aria-selected'), 'true');
  await explorer.page.keyboard.press('PageDown');
  await explorer.page.keyboard.press('PageDown');
  await expectSoon(async () => (await explorer.topRow()) > 0, true);
  await explorer.page.keyboard.press('PageUp');
  await explorer.page.keyboard.press('PageUp');
  await expectSoon(() => explorer.cell(2, 1).getAttribute('aria-selected'), 'true');
});

test('the wheel moves by pixels, also far down', async () => {
  await explorer.goTo('500,000,000');
  await expectText(explorer.cell(500_000_000, 0), '500,000,000');
  const before = await explorer.topRow();
  await explorer.body.hover();
  await explorer.page.mouse.wheel(0, 28 * 10);
  await expectSoon(() => explorer.topRow(), before + 10);
  await explorer.page.mouse.wheel(0, -28 * 4);
  await expectSoon(() => explorer.topRow(), before + 6);
  await explorer.page.mouse.wheel(300, 0);
  await expectText(explorer.cell(before + 10, 7), ((before + 10) % 3 === 0).toString());
});

test('the thumb goes to the very end and back', async () => {
  await expectText(explorer.cell(0, 0), '0');
  const thumb = (await explorer.thumb.boundingBox())!;
  const { x, y } = { x: thumb.x + thumb.width / 2, y: thumb.y + thumb.height / 2 };
  await explorer.page.mouse.move(x, y);
  await explorer.page.mouse.down();
  for (let step = 1; step <= 20; ++step) await explorer.page.mouse.move(x, y + step * 45);
  await expectText(explorer.cell(LAST, 0), '999,999,999');
  await explorer.page.mouse.move(x, y + 300);
  await expectSoon(async () => {
    const top = await explorer.topRow();
    return top > 300e6 && top < 700e6;
  }, true);
  const middle = await explorer.topRow();
  await expectText(explorer.cell(middle + 3, 0), (middle + 3).toLocaleString('en-US'));
  await explorer.page.mouse.up();
  // At most what each of the 21 places shows was asked for, and nothing ahead of them: how much that is
  // depends on how fast the machine drags.
  expect(mock.requests.filter((request) => request.includes('/rows')).length).toBeLessThan(60);
});

test('a press on the track goes there', async () => {
  await expectText(explorer.cell(0, 0), '0');
  const bar = (await explorer.page.locator('.bowshot-grid-scrollbar-vertical').boundingBox())!;
  await explorer.page.mouse.click(bar.x + 7, bar.y + bar.height - 2);
  await expectText(explorer.cell(LAST, 0), '999,999,999');
});

test('go to row: exact, from the end, and refused beyond it', async () => {
  await expectText(explorer.cell(0, 0), '0');
  await explorer.page.keyboard.press('g');
  await explorer.page.keyboard.type('123456789');
  await explorer.page.keyboard.press('Enter');
  await expectText(explorer.cell(123_456_789, 0), '123,456,789');
  await expectSoon(() => explorer.cell(123_456_789, 0).getAttribute('aria-selected'), 'true');
  await explorer.goTo(-1);
  await expectText(explorer.cell(LAST, 0), '999,999,999');
  await explorer.goToRow.fill('1000000000');
  await expectSoon(() => explorer.goToRow.getAttribute('aria-invalid'), 'true');
});

test('a click on a header sorts up, down and not', async () => {
  await open('#/flights');
  await expectText(explorer.cell(0, 1), FIRST_DELAY);
  const unsorted = await explorer.text(0, 0);
  const header = explorer.columnHeader('distance');
  await header.getByRole('button').click();
  await expectText(explorer.cell(0, 2), '60');
  await expectSoon(() => header.getAttribute('aria-sort'), 'ascending');
  await header.getByRole('button').click();
  await expectText(explorer.cell(0, 2), '2460');
  await expectSoon(() => header.getAttribute('aria-sort'), 'descending');
  await explorer.screenshot('sorted');
  await header.getByRole('button').click();
  await expectText(explorer.cell(0, 0), unsorted);
  await expectSoon(() => header.getAttribute('aria-sort'), 'none');
});

test('a filter counts its rows; Escape clears it', async () => {
  await open('#/flights');
  await expectText(explorer.cell(0, 1), FIRST_DELAY);
  await explorer.page.keyboard.press('/');
  await explorer.page.keyboard.type("distance >= 2460 AND origin <> 'ATL'");
  await explorer.page.keyboard.press('Enter');
  await expectText(explorer.cell(0, 2), '2460');
  await expectSoon(
    async () => /^\d+ of 20,000 rows$/.test(await explorer.page.locator('.title p').innerText()),
    true,
  );
  await explorer.screenshot('filtered');
  await explorer.applyFilter('distance > 9000');
  await expectText(explorer.page.locator('.bowshot-grid-empty'), 'No rows match the filter');
  await explorer.screenshot('no-rows');
  await explorer.filter.press('Escape');
  await expectText(explorer.cell(0, 1), FIRST_DELAY);
  await expectSoon(() => explorer.filter.inputValue(), '');
});

test("the server's error is shown at its position, and its suggestion mends it", async () => {
  await open('#/flights');
  await expectText(explorer.cell(0, 1), FIRST_DELAY);
  // The position counts bytes; what is before it has characters of two.
  await explorer.applyFilter("origin <> 'Zürich' AND distence > 2459");
  await expectText(explorer.page.locator('.filter-copy mark'), 'distence');
  expect(await explorer.page.getByRole('alert').innerText()).toContain('no column distence');
  await expectSoon(() => explorer.filter.getAttribute('aria-invalid'), 'true');
  await explorer.screenshot('filter-error');
  await explorer.page.getByRole('alert').getByRole('button', { name: 'distance' }).click();
  await expectText(explorer.cell(0, 2), '2460');
  await expectSoon(() => explorer.filter.inputValue(), "origin <> 'Zürich' AND distance > 2459");
});

test('rows that fail stay where they are, and come with Retry', async () => {
  await expectText(explorer.cell(0, 0), '0');
  mock.fault({ kind: 'fail', shape: 'rows', times: 1 });
  await explorer.goTo(400_000_000);
  const alert = await explorer.alertThatSays('the mock was told to fail');
  await explorer.screenshot('failed');
  await alert.getByRole('button', { name: 'Retry' }).click();
  await expectText(explorer.cell(400_000_000, 0), '400,000,000');
  await expectSoon(() => alert.count(), 0);
});

test('an answer that is cut off is asked about, and never shown short', async () => {
  await expectText(explorer.cell(0, 0), '0');
  mock.fault({ kind: 'cut', shape: 'rows', times: 1 });
  await explorer.goTo(300_000_000);
  await expectText(explorer.cell(300_000_000, 0), '300,000,000');
  expect(mock.requests.some((request) => request.startsWith('/v1/requests/'))).toBe(true);
});

test('another version of the dataset keeps the place', async () => {
  await expectText(explorer.cell(0, 0), '0');
  mock.changeVersion('billion', 900_000_000);
  await explorer.goTo(-1);
  // The version is another one: the rows are, too, and the place is kept as far as there are rows.
  await expectText(explorer.cell(899_999_999, 0), '899,999,999');
  expect(await explorer.page.locator('.title p').innerText()).toContain('900,000,000 rows');
});

test('placeholders have the places that the rows will have', async () => {
  await expectText(explorer.cell(0, 0), '0');
  mock.fault({ kind: 'slow', shape: 'rows', times: 3, ms: 700 });
  await explorer.goTo(700_000_000);
  await expectText(explorer.cell(700_000_000, 0), 'loading');
  const before = await explorer.cell(700_000_000, 3).boundingBox();
  await explorer.screenshot('loading');
  await expectText(explorer.cell(700_000_000, 0), '700,000,000');
  expect(await explorer.cell(700_000_000, 3).boundingBox()).toEqual(before);
});

test('the address keeps the view over a reload, and back undoes', async () => {
  await open('#/flights');
  await explorer.applyFilter('distance > 1000');
  await explorer.columnHeader('delay').getByRole('button').click();
  await expectText(explorer.cell(0, 1), LOWEST_DELAY);
  await explorer.goTo(5000);
  await expectSoon(() => /row=\d{4}/.test(explorer.page.url()), true);
  const top = await explorer.topRow();
  const text = await explorer.text(5000, 0);
  await explorer.page.reload();
  await expectSoon(() => explorer.topRow(), top);
  await expectText(explorer.cell(5000, 0), text);
  await expectSoon(() => explorer.filter.inputValue(), 'distance > 1000');
  await expectSoon(() => explorer.columnHeader('delay').getAttribute('aria-sort'), 'ascending');
  await explorer.page.goBack();
  await expectSoon(() => explorer.columnHeader('delay').getAttribute('aria-sort'), 'none');
});

test('dark follows the system, and the button, and is kept', async () => {
  const background = () =>
    explorer.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await open('#/flights', { colorScheme: 'dark' });
  await expectText(explorer.cell(0, 1), FIRST_DELAY);
  await expectSoon(() => background(), 'rgb(20, 23, 27)');
  await explorer.screenshot('dark');
  await explorer.page.getByRole('button', { name: /^Theme: system/ }).click();
  await expectSoon(() => background(), 'rgb(255, 255, 255)');
  await explorer.page.reload();
  await expectText(explorer.cell(0, 1), FIRST_DELAY);
  await expectSoon(() => background(), 'rgb(255, 255, 255)');
  // The canvas, too: the corner below the row numbers.
  const pixel = await explorer.page.evaluate(() => {
    const canvas = document.querySelector('canvas')!;
    return [...canvas.getContext('2d')!.getImageData(400, 5, 1, 1).data];
  });
  expect(pixel).toEqual([255, 255, 255, 255]);
});

test('nothing, and nothing there', async () => {
  await open('#/empty');
  await expectText(explorer.page.locator('.bowshot-grid-empty'), 'This dataset has no rows');
  await explorer.screenshot('empty');
  await open('#/flight');
  await explorer.page.getByRole('alert').getByRole('button', { name: 'flights' }).click();
  await expectText(explorer.cell(0, 1), FIRST_DELAY);
});

test('a phone shows the list on demand, and a finger pans', async () => {
  await open('', {
    viewport: { width: 390, height: 780 },
    hasTouch: true,
    isMobile: true,
    deviceScaleFactor: 3,
  });
  await expectText(explorer.cell(0, 0), '0');
  await explorer.screenshot('phone');
  await explorer.page.getByRole('button', { name: 'Datasets', exact: true }).click();
  // The list slides in.
  await expectSoon(async () => (await explorer.page.locator('.sidebar').boundingBox())?.x, 0);
  await explorer.screenshot('phone-list');
  await explorer.page
    .locator('.dataset-list')
    .getByRole('button', { name: /flights/ })
    .click();
  await expectText(explorer.page.locator('.title h1'), 'flights');
  await expectText(explorer.cell(0, 1), FIRST_DELAY);
  const session = await explorer.page.context().newCDPSession(explorer.page);
  await session.send('Input.synthesizeScrollGesture', {
    x: 200,
    y: 600,
    yDistance: -400,
    gestureSourceType: 'touch',
    speed: 1200,
  });
  await expectSoon(async () => (await explorer.topRow()) >= 10, true);
  await explorer.screenshot('phone-panned');
});

test('columns can be dragged to another width', async () => {
  await open('#/flights');
  await expectText(explorer.cell(0, 1), FIRST_DELAY);
  const before = (await explorer.columnHeader('date').boundingBox())!;
  const edge = { x: before.x + before.width - 1, y: before.y + 10 };
  await explorer.page.mouse.move(edge.x, edge.y);
  await explorer.page.mouse.down();
  await explorer.page.mouse.move(edge.x + 60, edge.y, { steps: 4 });
  await explorer.page.mouse.up();
  await expectSoon(
    async () => (await explorer.columnHeader('date').boundingBox())?.width,
    before.width + 60,
  );
  await expectSoon(() => explorer.columnHeader('date').getAttribute('aria-sort'), 'none');
});
