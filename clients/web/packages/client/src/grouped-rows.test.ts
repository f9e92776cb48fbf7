import { afterEach, beforeEach, expect, test } from 'vitest';

import { startMockServer, type MockServer } from '../../../mock/server.mjs';
import { connect, type Bowshot } from './client.js';
import { cellText } from './cell-text.js';
import { GroupedRows } from './grouped-rows.js';
import { sampleInfo, sampleRows } from './sample-rows.js';
import { RowWindow } from './row-window.js';
import { findRows, precedes, type MarkedRow } from './row-place.js';

let mock: MockServer;
let bowshot: Bowshot;

beforeEach(async () => {
  mock = await startMockServer();
  bowshot = connect(mock.url);
});

afterEach(() => mock.close());

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: 20_000, interval: 5 }).toBe(true);
}

test('a billion rows in groups: lines are found by their numbers', async () => {
  const info = await bowshot.dataset('billion').info();
  const groups = new GroupedRows(bowshot.dataset('billion'), info, {}, { by: ['category'] });
  const stop = groups.subscribe(() => undefined);
  await until(() => groups.rowCountIsExact);
  expect(groups.rowCount).toBe(20);
  expect(groups.group(1)).toMatchObject({ text: 'azure', count: 50_000_000, isExpanded: false });
  groups.toggle(1);
  expect(groups.rowCount).toBe(50_000_020);
  expect(groups.group(50_000_002)?.text).toBe('coral');
  expect(groups.parentLine(40_000_000)).toBe(1);
  expect(groups.rowInGroup(50_000_001)).toBe(49_999_999);
  groups.show(50_000_000, 50_000_003);
  await until(() => groups.row(50_000_001) !== undefined);
  const place = groups.row(50_000_001)!;
  expect(cellText(place.table.getChild('id')!, place.index)).toBe('999,999,981');
  groups.toggle(1);
  expect(groups.rowCount).toBe(20);
  stop();
});

test('groups within groups count what they hold, null among them', async () => {
  const flights = bowshot.dataset('flights');
  const info = await flights.info();
  const view = { filter: 'delay > 300 OR delay < -29' };
  const measures = [{ column: 'delay', measure: 'mean' }] as const;
  const groups = new GroupedRows(flights, info, view, { by: ['carrier', 'origin'], measures });
  const stop = groups.subscribe(() => undefined);
  await until(() => groups.rowCountIsExact);
  const lines = Array.from({ length: groups.rowCount }, (_, line) => groups.group(line)!);
  expect(lines.map(({ text }) => text)).toContain(null);
  const total = lines.reduce((sum, { count }) => sum + count, 0);
  expect(total).toBe(await flights.count(view));
  const last = groups.rowCount - 1;
  expect(groups.group(last)?.text).toBeNull();
  groups.toggle(last);
  await until(() => groups.group(last + 1) !== undefined);
  expect(groups.group(last + 1)).toMatchObject({ depth: 1, column: 'origin', text: 'ATL' });
  const filter = `(${view.filter}) AND carrier IS NULL AND origin = 'ATL'`;
  expect(groups.group(last + 1)?.count).toBe(await flights.count({ filter }));
  const mean = (await flights.aggregate({ filter, measures: ['mean(delay)'] }).table()).getChildAt(
    0,
  );
  expect(groups.group(last + 1)?.measures.get('delay')).toBe(cellText(mean!, 0));
  stop();
});

test('open groups are told, and opened again: nulls, groups in groups, and one that is gone', async () => {
  const flights = bowshot.dataset('flights');
  const info = await flights.info();
  const view = { filter: 'delay > 300' };
  const expanded = [[null], [null, 'ATL'], ['Delta'], ['Nobody'], ['Delta', 'nowhere']];
  const grouping = { by: ['carrier', 'origin'] };
  const groups = new GroupedRows(flights, info, view, grouping, { expanded });
  const stop = groups.subscribe(() => undefined);
  await until(() => groups.rowCountIsExact);
  expect(groups.expanded).toEqual([['Delta'], [null], [null, 'ATL']]);
  const line = groups.rowCount - 1;
  const lines = await groups.read(0, groups.rowCount, new AbortController().signal);
  expect(lines.length).toBe(groups.rowCount);
  const delta = lines.findIndex((found) => 'text' in found && found.text === 'Delta');
  expect(groups.place(delta)).toEqual({ level: 1, position: delta + 1, siblings: 6 });
  expect(groups.place(delta + 1)).toMatchObject({ level: 2, position: 1 });
  expect(groups.parentLine(line)).toBe(
    lines.findIndex((found) => 'text' in found && found.text === null),
  );
  // Another version: what is open stays open.
  mock.changeVersion('flights', 150_000);
  groups.toggle(0);
  await until(() => groups.info.rows === 150_000 && groups.rowCountIsExact);
  expect(groups.expanded).toContainEqual([null, 'ATL']);
  stop();
});

test('groups that a busy server refused come by themselves', async () => {
  const flights = connect(mock.url, { retries: 0 }).dataset('flights');
  const groups = new GroupedRows(flights, await flights.info(), {}, { by: ['carrier'] });
  mock.fault({ kind: 'busy', shape: 'aggregate', times: 1, ms: 1_000 });
  const stop = groups.subscribe(() => undefined);
  await until(() => groups.error !== undefined);
  expect(groups.error?.code).toBe('overloaded');
  expect(groups.retryAt).toBeDefined();
  await until(() => groups.rowCountIsExact);
  expect([groups.groupCount, groups.groupedRowCount, groups.retryAt]).toEqual([
    6,
    20_000,
    undefined,
  ]);
  stop();
});

test('a copy waits for the groups that are on their way', async () => {
  const flights = bowshot.dataset('flights');
  const groups = new GroupedRows(flights, await flights.info(), {}, { by: ['carrier', 'origin'] });
  const stop = groups.subscribe(() => undefined);
  await until(() => groups.rowCountIsExact);
  mock.fault({ kind: 'slow', shape: 'aggregate', times: 1, ms: 200 });
  groups.toggle(0);
  const { signal } = new AbortController();
  const lines = await groups.read(0, 3, signal);
  expect(lines.map((line) => ('text' in line ? [line.depth, line.text] : []))).toEqual([
    [0, 'American'],
    [1, 'ATL'],
    [1, 'CLT'],
  ]);
  mock.fault({ kind: 'fail', shape: 'aggregate', times: 1 });
  groups.toggle(groups.rowCount - 1);
  await expect(groups.read(groups.rowCount - 1, 2, signal)).rejects.toThrow('told to fail');
  stop();
});

test('a stratified sample has a column more, and says what a row stands for', async () => {
  const flights = bowshot.dataset('flights');
  const view = { size: 600, by: 'carrier' };
  const info = sampleInfo(await flights.info(), view);
  expect(info.columns.at(-1)).toMatchObject({ name: '_weight', isDerived: true });
  const rows = new RowWindow(sampleRows(flights, view), info, { isFiltered: true });
  const stop = rows.subscribe(() => undefined);
  rows.show(0, 5);
  await until(() => rows.row(0) !== undefined);
  const { table, index } = rows.row(0)!;
  expect(table.schema.fields.map(({ name }) => name)).toEqual(info.columns.map(({ name }) => name));
  expect(Number(table.getChild('_weight')!.get(index))).toBeGreaterThan(1);
  expect(rows.facts?.population).toBe(20_000);
  stop();
});

test('20,000 groups are here, to the last; beyond a limit it says that there are more', async () => {
  const flights = bowshot.dataset('flights');
  const info = await flights.info();
  const all = new GroupedRows(flights, info, {}, { by: ['date'] });
  const some = new GroupedRows(flights, info, {}, { by: ['date'] }, { groupsMax: 100 });
  const stops = [all, some].map((groups) => groups.subscribe(() => undefined));
  await until(() => all.rowCountIsExact && some.rowCountIsExact);
  expect([all.rowCount, all.isCut]).toEqual([20_000, false]);
  expect([all.groupCount, all.groupCountIsExact]).toEqual([20_000, true]);
  expect([some.rowCount, some.isCut, some.groupsMax]).toEqual([100, true, 100]);
  expect([some.groupCount, some.groupCountIsExact]).toEqual([100, false]);
  expect(some.group(99)).toEqual(all.group(99));
  all.toggle(19_999);
  all.show(19_990, 20_000);
  await until(() => all.row(20_000) !== undefined);
  const { table, index } = all.row(20_000)!;
  expect(cellText(table.getChild('date')!, index)).toBe(all.group(19_999)?.text);
  stops.forEach((stop) => stop());
});

test('a place in one view is found in another, whatever orders them', async () => {
  const flights = bowshot.dataset('flights');
  const { version } = await flights.info();
  const order = [{ column: 'carrier' }, { column: 'delay', descending: true }];
  const view = { filter: 'distance > 1000', order };
  const { signal } = new AbortController();
  const all = await flights.rows({ order: [], limit: 20_000 }).table();
  const kept = await flights.rows({ ...view, select: ['date'], limit: 20_000 }).table();
  // Among them rows whose carrier is null, and such as the filter does not keep.
  for (const rowNumber of [0, 5, 7, 12_345, 17_171, 19_999]) {
    const marked: MarkedRow = { rowNumber, table: all, index: rowNumber };
    const found = await findRows(flights, view, version, { top: marked, active: marked }, signal);
    const date = cellText(all.getChild('date')!, rowNumber);
    const isKept = Number(all.getChild('distance')?.get(rowNumber)) > 1000;
    expect(found?.active).toBe(isKept ? found?.before : undefined);
    if (isKept) expect(cellText(kept.getChild('date')!, found!.before)).toBe(date);
  }
});

test('nulls stand last, ties by number', async () => {
  const table = await bowshot.dataset('flights').rows({ limit: 6 }).table();
  expect(precedes([], { rowNumber: 5, table, index: 5 })).toBe('_row < 5');
  expect(precedes([{ column: 'carrier' }], { rowNumber: 5, table, index: 5 })).toBe(
    '(carrier IS NOT NULL OR (carrier IS NULL AND _row < 5))',
  );
  expect(precedes([{ column: 'delay', descending: true }], { rowNumber: 0, table, index: 0 })).toBe(
    '(delay > 324 OR (delay = 324 AND _row < 0))',
  );
});

test('a file that is cut off is aborted, and the server says why', async () => {
  mock.fault({ kind: 'cut', shape: 'rows', times: 1 });
  const calls: string[] = [];
  const sink = {
    write: () => Promise.resolve(void calls.push('write')),
    close: () => Promise.resolve(void calls.push('close')),
    abort: () => Promise.resolve(void calls.push('abort')),
  };
  const query = bowshot.dataset('flights').rows({ limit: 5000 });
  await expect(query.save('csv', sink)).rejects.toMatchObject({ code: 'version_changed' });
  expect(calls.at(-1)).toBe('abort');
  expect(calls).not.toContain('close');
  calls.length = 0;
  const { bytes } = await query.save('csv', sink);
  expect(bytes).toBeGreaterThan(100_000);
  expect(calls.at(-1)).toBe('close');
  expect(calls).not.toContain('abort');
});

test('summaries are read as the server computed them', async () => {
  const flights = bowshot.dataset('flights');
  const [carrier, delay] = await flights.profile({ columns: ['carrier', 'delay'] });
  const { values } = await flights.values({ column: 'carrier' });
  expect(values[0]).toEqual({
    text: carrier!.top![0]!.value,
    literal: "'American'",
    count: carrier!.top![0]!.count,
  });
  expect(values.find(({ text }) => text === null)?.count).toBe(carrier!.nulls);
  expect(carrier!.histogram).toBeNull();
  expect(delay!.histogram?.reduce((sum, count) => sum + count, 0)).toBe(20_000);
  const histogram = await flights.histogram({ column: 'delay', bins: 4, filter: 'delay > 0' });
  expect(histogram?.edges).toHaveLength(5);
  const counted = histogram?.counts.reduce((sum, count) => sum + count, 0);
  expect(counted).toBe(await flights.count({ filter: 'delay > 0' }));
  expect(await flights.histogram({ column: 'delay', filter: 'delay > 9999' })).toBeUndefined();
  const { facts, table } = await flights.sample({ size: 10, filter: 'delay > 0' }).read();
  expect([table.numRows, facts.completeness, facts.population]).toEqual([10, 'sampled', counted]);
});
