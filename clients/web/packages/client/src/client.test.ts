import { expect, test } from 'vitest';

import {
  arrowAnswer,
  fakeServer,
  problemAnswer,
  recorded,
  split,
  type FakeAnswer,
} from '../test/recorded.js';
import { connect } from './client.js';
import { BowshotError } from './error.js';

const NUMBERS = recorded('numbers');

function clientOf(...answers: (FakeAnswer | Error)[]) {
  const server = fakeServer(...answers);
  return { ...server, bowshot: connect('http://host:1/', { fetch: server.fetch }) };
}

async function errorOf(promise: Promise<unknown>): Promise<BowshotError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof BowshotError) return error;
  throw new Error(`no BowshotError but ${String(error)}`);
}

test('datasets and schema are read from JSON', async () => {
  const info = {
    name: 'flights',
    version: 'v1',
    rows: '9007199254740993',
    bytes: 12,
    row_numbers: true,
    source: { kind: 'parquet' },
    columns: [{ name: 'date', type: 'timestamp[us]', nullable: true }],
  };
  const { bowshot, requests } = clientOf(
    { body: '{"datasets":[{"name":"flights","version":"v1","rows":3,"columns":1}]}' },
    { body: JSON.stringify(info) },
    { body: '{"datasets":7}' },
  );
  expect(await bowshot.datasets()).toEqual([
    { name: 'flights', version: 'v1', rows: 3, columns: 1 },
  ]);
  expect((await bowshot.dataset('a b').info()).columns[0]?.type).toBe('timestamp[us]');
  expect(requests[1]?.url).toBe('http://host:1/v1/datasets/a%20b');
  expect((await errorOf(bowshot.datasets())).code).toBe('bad_answer');
});

test('a table has its rows, columnar, with its facts', async () => {
  const { bowshot, requests } = clientOf(arrowAnswer(split(NUMBERS, 5000)));
  const { table, facts, bytes } = await bowshot.dataset('n').rows({ limit: 10_000 }).read();
  expect(table.numRows).toBe(10_000);
  expect(table.getChild('id')?.get(9_999)).toBe(9_999n);
  expect(facts).toMatchObject({ version: 'v1', rows: 10_000, totalRows: 10_000 });
  expect(bytes).toBe(NUMBERS.length);
  expect(requests[0]?.headers.get('Accept')).toBe('application/vnd.apache.arrow.stream');
});

test.each(['zstd', 'lz4'] as const)('%s bodies are decompressed', async (codec) => {
  const { bowshot, requests } = clientOf(
    arrowAnswer([recorded(`numbers-${codec}`)], {
      'Content-Type': `application/vnd.apache.arrow.stream; codecs=${codec}`,
    }),
  );
  const table = await bowshot
    .dataset('n')
    .rows()
    .table({ codecs: ['zstd', 'lz4'] });
  expect(table.getChild('text')?.get(4_567)).toBe('row 4567');
  expect(table.getChild('id')?.get(9_999)).toBe(9_999n);
  expect(requests[0]?.headers.get('Accept')).toBe(
    'application/vnd.apache.arrow.stream;codecs="zstd, lz4"',
  );
});

test('batches come one by one', async () => {
  const { bowshot } = clientOf(arrowAnswer(split(NUMBERS, 1000)));
  const stream = await bowshot.dataset('n').rows().stream();
  expect(stream.schema.fields.map(({ name }) => name)).toEqual(['id', 'text']);
  expect(stream.facts.totalRows).toBe(10_000);
  const rows: number[] = [];
  for await (const batch of stream) rows.push(batch.numRows);
  expect(rows).toEqual([4096, 4096, 1808]);
});

test('an answer without rows is a schema', async () => {
  const { bowshot } = clientOf(arrowAnswer([recorded('empty')]));
  const query = bowshot.dataset('n').rows();
  expect((await query.table()).numRows).toBe(0);
  expect((await query.table()).schema.fields).toHaveLength(2);
  for await (const batch of query) expect.unreachable(`${batch.numRows} rows`);
});

test('the count is read from one int64', async () => {
  const { bowshot, requests } = clientOf(arrowAnswer([recorded('count')]));
  expect(await bowshot.dataset('n').count({ filter: 'id > 1' })).toBe(1_234_567);
  expect(requests[0]?.url).toContain('/count?filter=id%20%3E%201');
});

test('long requests are posted', async () => {
  const { bowshot, requests } = clientOf(arrowAnswer([recorded('count')]));
  const filter = Array.from({ length: 900 }, (_, id) => `id = ${id}`).join(' OR ');
  await bowshot.dataset('n').count({ filter });
  expect(requests[0]).toMatchObject({ method: 'POST', url: 'http://host:1/v1/query' });
  expect(JSON.parse(requests[0]?.body ?? '')).toEqual({ dataset: 'n', shape: 'count', filter });
});

test('a problem document becomes an error with all it says', async () => {
  const { bowshot } = clientOf(
    problemAnswer(400, {
      code: 'unknown_column',
      detail: 'no column orign',
      parameter: 'filter',
      position: 15,
      suggestions: ['origin'],
    }),
  );
  expect(await errorOf(bowshot.dataset('n').rows().table())).toMatchObject({
    code: 'unknown_column',
    status: 400,
    parameter: 'filter',
    position: 15,
    suggestions: ['origin'],
    requestId: 'r-7',
    retryable: false,
  });
});

test('an answer that is no problem document still is an error', async () => {
  const { bowshot } = clientOf({ status: 502, body: '<html>Bad Gateway</html>' });
  const error = await errorOf(bowshot.datasets());
  expect(error).toMatchObject({ code: 'bad_answer', status: 502, retryable: true });
});

test('before the first byte a request is repeated, and not for long', async () => {
  const lost = new TypeError('fetch failed');
  const overloaded = problemAnswer(503, { code: 'overloaded' });
  const good = clientOf(lost, overloaded, arrowAnswer([recorded('count')]));
  expect(await good.bowshot.dataset('n').count()).toBe(1_234_567);
  expect(good.requests).toHaveLength(3);

  const bad = clientOf(lost);
  expect(await errorOf(bad.bowshot.datasets())).toMatchObject({ code: 'network', status: 0 });
  expect(bad.requests).toHaveLength(3);

  const wrong = clientOf(problemAnswer(400, { code: 'bad_filter' }));
  await errorOf(wrong.bowshot.datasets());
  expect(wrong.requests).toHaveLength(1);
});

const BROKEN: [string, (Uint8Array | Error)[]][] = [
  ['ends between two batches', [NUMBERS.subarray(0, -8)]],
  ['ends inside a message', [NUMBERS.subarray(0, -1000)]],
  ['is reset', [NUMBERS.subarray(0, -1000), new TypeError('terminated')]],
];

test.each(BROKEN)(
  'a table whose answer %s is an error, and the server is asked why',
  async (_, body) => {
    const { bowshot, requests } = clientOf(arrowAnswer(body, { 'Bowshot-Request': 'r 9' }), {
      body: JSON.stringify({
        id: 'r 9',
        state: 'failed',
        problem: { code: 'version_changed', title: 'T', status: 409, detail: 'overwritten' },
      }),
    });
    const error = await errorOf(bowshot.dataset('n').rows().table());
    expect(error).toMatchObject({
      code: 'version_changed',
      detail: 'overwritten',
      requestId: 'r 9',
    });
    expect(requests.map(({ url }) => url)).toEqual([
      'http://host:1/v1/datasets/n/rows',
      'http://host:1/v1/requests/r%209',
    ]);
  },
);

test.each(BROKEN)(
  'a stream that %s gives its whole batches and then the error',
  async (_, body) => {
    const { bowshot } = clientOf(arrowAnswer(body, { 'Bowshot-Request': 'r' }), {
      status: 404,
      body: '',
    });
    const rows: number[] = [];
    const reading = (async () => {
      for await (const batch of bowshot.dataset('n').rows()) rows.push(batch.numRows);
    })();
    expect(await errorOf(reading)).toMatchObject({ code: 'incomplete_answer', retryable: true });
    expect(rows.slice(0, 2)).toEqual([4096, 4096]);
  },
);

test('an abort is an abort, before the answer and within', async () => {
  const { bowshot } = clientOf(arrowAnswer(split(NUMBERS, 1000)));
  const query = bowshot.dataset('n').rows();
  const reason = new Error('left');
  await expect(query.table({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test('leaving the loop closes the connection', async () => {
  let closed = false;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      // Without its end: the reader must not wait for more than the first batch.
      controller.enqueue(NUMBERS.subarray(0, -50_000));
    },
    cancel() {
      closed = true;
    },
  });
  const headers = { 'Content-Type': 'application/vnd.apache.arrow.stream' };
  const bowshot = connect('', { fetch: () => Promise.resolve(new Response(body, { headers })) });
  for await (const batch of bowshot.dataset('n').rows()) {
    expect(batch.numRows).toBe(4096);
    break;
  }
  expect(closed).toBe(true);
});

test('the token goes along', async () => {
  const { fetch, requests } = fakeServer({ body: '{"datasets":[]}' });
  await connect('', { fetch, token: 'secret' }).datasets();
  expect(requests[0]?.headers.get('Authorization')).toBe('Bearer secret');
  expect(requests[0]?.url).toBe('/v1/datasets');
});
