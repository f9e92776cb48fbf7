import { tableFromArrays } from 'apache-arrow';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { WholeAnswer } from './answer.js';
import type { DatasetInfo } from './client.js';
import { BowshotError } from './error.js';
import { RowWindow, type RowSource, type RowWindowOptions } from './row-window.js';

interface Asked {
  offset: number;
  limit: number;
  version: string;
  signal: AbortSignal;
  succeed: () => void;
  fail: (code: string, status: number) => void;
}

/** A dataset whose answers come when the test says so. */
class ControlledSource implements RowSource {
  asked: Asked[] = [];
  counts: { resolve: (count: number) => void; reject: (error: unknown) => void }[] = [];
  infos = 0;
  rows: number;
  version = 'v1';
  knowsTotal = true;

  constructor(rows: number) {
    this.rows = rows;
  }

  get info_(): DatasetInfo {
    const { rows, version } = this;
    const columns = [{ name: 'id', type: 'int64', nullable: false }];
    const source = { kind: 'x' };
    return { name: 'd', version, rows, bytes: 0, rowNumbers: true, source, columns, views: [] };
  }

  page: RowSource['page'] = ({ offset, limit, version }, signal) =>
    new Promise<WholeAnswer>((resolve, reject) => {
      const count = Math.max(0, Math.min(limit, this.rows - offset));
      const ids = BigInt64Array.from({ length: count }, (_, index) => BigInt(offset + index));
      const table = tableFromArrays({ id: ids });
      const facts = {
        version,
        completeness: 'exact' as const,
        rows: count,
        totalRows: this.knowsTotal ? this.rows : undefined,
        population: undefined,
        requestId: undefined,
      };
      this.asked.push({
        offset,
        limit,
        version,
        signal,
        succeed: () => resolve({ table, facts, bytes: count * 8 }),
        fail: (code, status) =>
          reject(new BowshotError({ code, status, title: code, detail: code })),
      });
    });

  count: RowSource['count'] = () =>
    new Promise((resolve, reject) => this.counts.push({ resolve, reject }));

  info: RowSource['info'] = () => {
    this.infos += 1;
    return Promise.resolve(this.info_);
  };

  /** Those that somebody still waits for. */
  get waiting(): Asked[] {
    return this.asked.filter(({ signal }) => !signal.aborted);
  }

  last(): Asked {
    return this.asked.at(-1)!;
  }
}

function windowOf(
  source: ControlledSource,
  options: RowWindowOptions & { isFiltered?: boolean } = {},
) {
  const rows = new RowWindow(source, source.info_, { pageRows: 10, prefetchPages: 2, ...options });
  const unsubscribe = rows.subscribe(() => undefined);
  return { rows, unsubscribe };
}

/** Lets promises settle without letting time pass. */
async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

/** Answers everything that is waited for, until nothing is asked any more. */
async function answerAll(source: ControlledSource): Promise<void> {
  let answered = 0;
  while (answered < source.asked.length) {
    for (const asked of source.asked.slice(answered)) asked.succeed();
    answered = source.asked.length;
    // Past the rest after a jump: then the pages ahead are asked for.
    await vi.advanceTimersByTimeAsync(200);
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the last row of 10^9 is asked for and found exactly', async () => {
  const source = new ControlledSource(1e9);
  const { rows } = windowOf(source, { pageRows: 256 });
  rows.show(999_999_970, 999_999_999);
  expect(source.asked[0]?.offset).toBe(999_999_744);
  source.asked[0]?.succeed();
  await settle();
  const place = rows.row(999_999_999);
  expect(place?.table.getChild('id')?.get(place.index)).toBe(999_999_999n);
  expect(rows.row(1_000_000_000)).toBeUndefined();
  expect(rows.rowCount).toBe(1e9);
});

test('nothing is asked before someone subscribes, nor after they left', async () => {
  const source = new ControlledSource(100);
  const rows = new RowWindow(source, source.info_, { pageRows: 10, isFiltered: true });
  rows.show(0, 9);
  expect(source.asked).toHaveLength(0);
  const unsubscribe = rows.subscribe(() => undefined);
  expect(source.asked).toHaveLength(1);
  expect(source.counts).toHaveLength(1);
  unsubscribe();
  expect(source.waiting).toHaveLength(0);
  rows.subscribe(() => undefined);
  expect(source.waiting.map(({ offset }) => offset)).toEqual([0]);
  await answerAll(source);
  expect(rows.row(9)).toBeDefined();
});

test('pages ahead come after the visible ones, in the way of the scroll', async () => {
  const source = new ControlledSource(1000);
  const { rows } = windowOf(source);
  rows.show(500, 509);
  expect(source.asked.map(({ offset }) => offset)).toEqual([500]);
  await answerAll(source);
  expect(source.asked.map(({ offset }) => offset)).toEqual([500, 510, 520, 490]);
  await vi.advanceTimersByTimeAsync(100);
  rows.show(480, 489);
  await answerAll(source);
  expect(source.asked.slice(4).map(({ offset }) => offset)).toEqual([480, 470, 460]);
});

test('a fast scroll asks for where it is, and lets go of where it was', async () => {
  const source = new ControlledSource(1e9);
  const { rows } = windowOf(source);
  rows.show(0, 9);
  for (let row = 1e6; row <= 50e6; row += 1e6) rows.show(row, row + 9);
  expect(source.asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(50);
  expect(source.asked.map(({ offset }) => offset)).toEqual([0, 50e6]);
  expect(source.waiting.map(({ offset }) => offset)).toEqual([50e6]);
});

test('nothing is asked ahead of a jump before the reader rests', async () => {
  const source = new ControlledSource(1e9);
  const { rows } = windowOf(source);
  rows.show(5e6, 5e6 + 9);
  source.last().succeed();
  await vi.advanceTimersByTimeAsync(100);
  expect(source.asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(100);
  expect(source.asked.length).toBeGreaterThan(1);
});

test('no more requests than allowed at a time', async () => {
  const source = new ControlledSource(1000);
  const { rows } = windowOf(source, { requestsMax: 2 });
  rows.show(0, 45);
  expect(source.waiting).toHaveLength(2);
  source.asked[0]?.succeed();
  await settle();
  expect(source.asked.map(({ offset }) => offset)).toEqual([0, 10, 20]);
});

test('what is kept has a limit in pages and in bytes; the visible stays', async () => {
  const source = new ControlledSource(10_000);
  const { rows } = windowOf(source, { pagesMax: 3, prefetchPages: 0 });
  for (let page = 0; page < 6; ++page) {
    rows.show(page * 10, page * 10 + 9);
    await vi.advanceTimersByTimeAsync(50);
    await answerAll(source);
  }
  const kept = [0, 10, 20, 30, 40, 50].filter((row) => rows.row(row) !== undefined);
  expect(kept).toHaveLength(3);
  expect(kept.at(-1)).toBe(50);

  const small = windowOf(source, { bytesMax: 1 }).rows;
  small.show(0, 29);
  await answerAll(source);
  expect([0, 10, 20].every((row) => small.row(row) !== undefined)).toBe(true);
  // Pages ahead found no room, and were asked for once.
  const ahead = source.asked.filter(({ offset }) => offset === 30);
  expect(ahead.length).toBeLessThanOrEqual(2);
});

test('a page that fails is an error of its rows, and can be tried again', async () => {
  const source = new ControlledSource(100);
  const { rows } = windowOf(source);
  rows.show(10, 19);
  source.last().fail('internal', 500);
  await settle();
  expect(rows.error).toBeUndefined();
  expect(rows.visibleError).toMatchObject({ firstRow: 10, lastRow: 19 });
  expect(rows.hasFailed(15)).toBe(true);
  expect(rows.hasFailed(20)).toBe(false);
  const before = source.asked.length;
  rows.retry();
  expect(rows.visibleError).toBeUndefined();
  expect(source.asked.length).toBe(before + 1);
  await answerAll(source);
  expect(rows.row(15)).toBeDefined();
});

test('a server that is away is asked again by itself, later each time', async () => {
  const source = new ControlledSource(100);
  const { rows } = windowOf(source);
  rows.show(0, 9);
  for (const ms of [1_000, 2_000, 4_000]) {
    source.last().fail('network', 0);
    await settle();
    expect(rows.retryAt).toBe(Date.now() + ms);
    expect(rows.hasFailed(0)).toBe(true);
    const before = source.asked.length;
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(source.asked.length).toBe(before);
    await vi.advanceTimersByTimeAsync(1);
    expect(source.asked.length).toBe(before + 1);
    expect(rows.retryAt).toBeUndefined();
  }
  source.last().succeed();
  await settle();
  expect(rows.row(0)).toBeDefined();
});

test('at the edge of what can be had of an order too long to be kept, all of that is had', async () => {
  const rowCount = 1e9 + 100;
  const source = new ControlledSource(rowCount);
  const { rows } = windowOf(source, { pageRows: 256, prefetchPages: 0 });
  const edges = [
    { had: 4_999, refused: 5_000, missing: [5_000, 5_119], part: { offset: 4_864, limit: 136 } },
    {
      had: rowCount - 5_000,
      refused: rowCount - 5_001,
      missing: [999_994_880, 999_995_099],
      part: { offset: rowCount - 5_000, limit: 36 },
    },
  ];
  for (const { had, refused, missing, part } of edges) {
    rows.show(Math.min(had, refused), Math.max(had, refused));
    await vi.advanceTimersByTimeAsync(50);
    source.last().fail('out_of_memory', 507);
    await settle();
    expect(source.last()).toMatchObject(part);
    source.last().succeed();
    await settle();
    const place = rows.row(had);
    expect(place?.table.getChild('id')?.get(place.index)).toBe(BigInt(had));
    expect([rows.row(refused), rows.hasFailed(refused), rows.hasFailed(had)]).toEqual([
      undefined,
      true,
      false,
    ]);
    expect(rows.visibleError).toMatchObject({ firstRow: missing[0], lastRow: missing[1] });
    expect(rows.rowCount).toBe(rowCount);
    // Where only rows that are here are in sight nothing is wrong.
    rows.show(had, had);
    expect(rows.visibleError).toBeUndefined();
  }
  const before = source.asked.length;
  rows.retry();
  expect(source.asked.length).toBe(before + 1);
  expect(source.last().limit).toBe(256);
});

test('a page in the middle of such an order is refused as a whole', async () => {
  const source = new ControlledSource(1e9);
  const { rows } = windowOf(source, { pageRows: 256, prefetchPages: 0 });
  rows.show(500_000_000, 500_000_010);
  source.last().fail('out_of_memory', 507);
  await settle();
  expect(source.asked).toHaveLength(1);
  expect(rows.visibleError?.error.code).toBe('out_of_memory');
});

test('a wrong filter stops the window until it is retried', async () => {
  const source = new ControlledSource(100);
  const { rows } = windowOf(source, { isFiltered: true });
  rows.show(0, 9);
  source.last().fail('bad_filter', 400);
  await settle();
  expect(rows.error?.code).toBe('bad_filter');
  rows.show(50, 59);
  await vi.advanceTimersByTimeAsync(100);
  expect(source.asked).toHaveLength(1);
});

test('the count of a filter comes from whoever knows it first', async () => {
  const source = new ControlledSource(25);
  source.knowsTotal = false;
  const { rows } = windowOf(source, { isFiltered: true, prefetchPages: 0 });
  expect([rows.rowCount, rows.rowCountIsExact]).toEqual([0, false]);
  rows.show(0, 9);
  source.last().succeed();
  await settle();
  expect([rows.rowCount, rows.rowCountIsExact]).toEqual([10, false]);
  rows.show(20, 29);
  await vi.advanceTimersByTimeAsync(50);
  source.last().succeed();
  await settle();
  // A page that is not full is the last one.
  expect([rows.rowCount, rows.rowCountIsExact]).toEqual([25, true]);
  source.counts[0]?.resolve(25);
  await settle();
  expect(rows.rowCount).toBe(25);
});

test('a count that fails leaves the rows alone', async () => {
  const source = new ControlledSource(100);
  source.knowsTotal = false;
  const { rows } = windowOf(source, { isFiltered: true });
  rows.show(0, 9);
  source.counts[0]?.reject(BowshotError.ofClient('network', 'gone'));
  await answerAll(source);
  expect(rows.error).toBeUndefined();
  expect(rows.countError?.code).toBe('network');
  expect(rows.row(0)).toBeDefined();
  rows.retry();
  expect(rows.countError).toBeUndefined();
  expect(source.counts).toHaveLength(2);
});

test('another version drops every page and loads the same place again', async () => {
  const source = new ControlledSource(1000);
  const changes: string[] = [];
  const onVersionChange = (info: DatasetInfo) => changes.push(info.version);
  const { rows } = windowOf(source, { onVersionChange, prefetchPages: 0 });
  rows.show(500, 509);
  await answerAll(source);
  Object.assign(source, { version: 'v2', rows: 800 });
  rows.show(510, 519);
  await vi.advanceTimersByTimeAsync(50);
  source.last().fail('version_changed', 409);
  await settle();
  expect(changes).toEqual(['v2']);
  expect(rows.row(500)).toBeUndefined();
  expect(rows.rowCount).toBe(800);
  expect(source.last()).toMatchObject({ offset: 510, version: 'v2' });
  source.last().succeed();
  await settle();
  expect(rows.row(510)).toBeDefined();
});

test('a dataset that never stops changing ends as an error', async () => {
  const source = new ControlledSource(1000);
  const { rows } = windowOf(source);
  rows.show(0, 9);
  for (let round = 0; round < 20 && !rows.error; ++round) {
    source.last().fail('version_changed', 409);
    await settle();
  }
  expect(rows.error).toBeDefined();
  expect(source.infos).toBeLessThan(10);
  const before = source.infos;
  rows.retry();
  await settle();
  expect(source.infos).toBe(before + 1);
});
