// A server that speaks enough of the protocol to work on the page without building the real one:
// the list, the schema, rows and counts of computed datasets, and faults on request.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

import {
  Field,
  Int64,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  makeData,
  vectorFromArray,
} from 'apache-arrow';

import { makeBatch, makeDatasets } from './datasets.mjs';
import { MockProblem, interval, matches, parseFilter } from './filter.mjs';

/**
 * @typedef {import('./datasets.mjs').MockDataset} MockDataset
 * @typedef {{ kind: 'fail' | 'cut' | 'slow', shape: string, times: number, ms?: number }} Fault
 * @typedef {{ url: string, requests: string[], fault: (fault: Fault) => void,
 *   changeVersion: (name: string, rows: number) => void, close: () => Promise<void> }} MockServer
 */

const MEDIA_TYPES = /** @type {Record<string, string>} */ ({
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
});

/** What the real server sends with the page. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:";

/** @param {{ port?: number, page?: string }} [options] `page`: the folder of the built page.
 * @returns {Promise<MockServer>} */
export async function startMockServer({ port = 0, page } = {}) {
  const mock = new Mock(page);
  const server = createServer((request, response) => void mock.answer(request, response));
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  const actualPort = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://127.0.0.1:${actualPort}`,
    requests: mock.requests,
    fault: (fault) => void mock.faults.push({ ...fault }),
    changeVersion: (name, rows) =>
      Object.assign(mock.dataset(name), { rows, version: mock.dataset(name).version + 1 }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class Mock {
  datasets = makeDatasets();
  /** @type {Fault[]} */
  faults = [];
  /** @type {string[]} The targets that were asked for. */
  requests = [];
  /** @type {Map<string, unknown>} */
  problems = new Map();
  /** @type {Map<string, number[]>} Row numbers by filter and order. */
  selections = new Map();

  /** @param {string | undefined} page */
  constructor(page) {
    this.page = page;
  }

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async answer(request, response) {
    const url = new URL(request.url ?? '/', 'http://mock');
    // Pages under development come from other ports.
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', 'Bowshot-Request');
    if (request.method === 'OPTIONS') {
      response.setHeader('Access-Control-Allow-Headers', '*');
      response.writeHead(204).end();
      return;
    }
    if (url.pathname.startsWith('/v1/')) this.requests.push(url.pathname + url.search);
    try {
      if (request.method === 'POST' && url.pathname === '/v1/query') {
        const { dataset, shape, ...parameters } = JSON.parse(await textOf(request));
        for (const [name, value] of Object.entries(parameters))
          url.searchParams.set(name, String(value));
        await this.answerShape(dataset, shape, url.searchParams, response);
        return;
      }
      const [, version, collection, name, shape] = url.pathname.split('/').map(decodeURIComponent);
      if (version !== 'v1') await this.answerFile(url.pathname, response);
      else if (collection === 'requests') {
        sendJson(response, 200, {
          id: name,
          state: 'failed',
          problem: this.problems.get(name ?? ''),
        });
      } else if (collection !== 'datasets') {
        throw new MockProblem(404, 'unknown_path', 'there is nothing here');
      } else if (name === undefined)
        sendJson(response, 200, { datasets: this.datasets.map(summaryOf) });
      else if (shape === undefined) sendJson(response, 200, infoOf(this.dataset(name)));
      else await this.answerShape(name, shape, url.searchParams, response);
    } catch (error) {
      sendProblem(response, error);
    }
  }

  /** @param {string | undefined} name @returns {MockDataset} */
  dataset(name) {
    const dataset = this.datasets.find((candidate) => candidate.name === name);
    if (dataset) return dataset;
    const suggestions = this.datasets.map((candidate) => candidate.name);
    throw new MockProblem(404, 'unknown_dataset', `there is no dataset ${name}`, { suggestions });
  }

  /** @param {string} name @param {string} shape @param {URLSearchParams} parameters
   * @param {import('node:http').ServerResponse} response */
  async answerShape(name, shape, parameters, response) {
    const dataset = this.dataset(name);
    const fault = this.takeFault(shape);
    if (fault?.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    if (fault?.kind === 'fail') throw new MockProblem(500, 'internal', 'the mock was told to fail');
    const pin = parameters.get('version');
    if (pin !== null && pin !== versionOf(dataset)) {
      throw new MockProblem(409, 'version_changed', `the version is ${versionOf(dataset)} now`);
    }
    const batch =
      shape === 'count' ? this.count(dataset, parameters) : this.rows(dataset, parameters);
    const bytes = Buffer.from(RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true));
    const id = `mock-${this.requests.length}`;
    response.writeHead(200, {
      'Content-Type': 'application/vnd.apache.arrow.stream',
      'Bowshot-Request': id,
      'Cache-Control': 'private, no-cache',
    });
    if (fault?.kind === 'cut') {
      const problem = new MockProblem(409, 'version_changed', 'the file was overwritten');
      this.problems.set(id, problem.body);
      response.write(bytes.subarray(0, bytes.length - 40), () => response.destroy());
      return;
    }
    response.end(bytes);
  }

  /** @param {string} shape */
  takeFault(shape) {
    const fault = this.faults.find((candidate) => candidate.shape === shape && candidate.times > 0);
    if (fault) fault.times -= 1;
    return fault;
  }

  /** @param {MockDataset} dataset @param {URLSearchParams} parameters */
  rows(dataset, parameters) {
    const select = parameters.get('select')?.split(',');
    const columns = select
      ? dataset.columns.filter((column) => select.includes(column.name))
      : dataset.columns;
    const { length, at } = this.selection(dataset, parameters);
    const offset = Number(parameters.get('offset') ?? 0);
    const limit = Number(parameters.get('limit') ?? 1000);
    const count = Math.max(0, Math.min(limit, length - offset));
    const rows = Array.from({ length: count }, (_, index) => at(offset + index));
    return makeBatch(
      columns,
      rows,
      new Map([
        ['bowshot.version', versionOf(dataset)],
        ['bowshot.completeness', 'exact'],
        ['bowshot.rows', String(count)],
        ['bowshot.total_rows', String(length)],
      ]),
    );
  }

  /** @param {MockDataset} dataset @param {URLSearchParams} parameters */
  count(dataset, parameters) {
    const { length } = this.selection(dataset, parameters);
    const fields = [new Field('count', new Int64(), false)];
    const children = [
      /** @type {import('apache-arrow').Data} */ (
        vectorFromArray([BigInt(length)], new Int64()).data[0]
      ),
    ];
    const data = makeData({ type: new Struct(fields), length: 1, children });
    return new RecordBatch(
      new Schema(fields, new Map([['bowshot.version', versionOf(dataset)]])),
      data,
    );
  }

  /** The rows that a filter keeps, in the order asked for. @param {MockDataset} dataset
   * @param {URLSearchParams} parameters @returns {{ length: number, at: (index: number) => number }} */
  selection(dataset, parameters) {
    const filter = parameters.get('filter');
    const order = parameters.get('order');
    const terms = filter === null ? [] : parseFilter(filter, dataset);
    const isDescending = order?.startsWith('-') ?? false;
    const by = order?.replace(/^-/, '');
    if (dataset.isVirtual) {
      if (by !== undefined && by !== 'id') {
        throw new MockProblem(
          400,
          'bad_parameter',
          'the mock orders its virtual dataset by id only',
        );
      }
      const { first, end } = interval(terms, dataset.rows);
      return {
        length: end - first,
        at: (index) => (isDescending ? end - 1 - index : first + index),
      };
    }
    const key = `${dataset.name} ${versionOf(dataset)} ${filter} ${order}`;
    let rows = this.selections.get(key);
    if (!rows) {
      rows = Array.from({ length: dataset.rows }, (_, row) => row).filter((row) =>
        matches(terms, row),
      );
      const column = dataset.columns.find((candidate) => candidate.name === by);
      if (column) sortBy(rows, column, isDescending);
      this.selections.set(key, rows);
    }
    const selected = rows;
    return { length: rows.length, at: (index) => selected[index] ?? 0 };
  }

  /** @param {string} path @param {import('node:http').ServerResponse} response */
  async answerFile(path, response) {
    if (!this.page) throw new MockProblem(404, 'unknown_path', 'the page is not built');
    const file = join(this.page, normalize(path === '/' ? '/index.html' : path));
    const bytes = await readFile(file).catch(() => {
      throw new MockProblem(404, 'unknown_path', 'there is no such file');
    });
    response.writeHead(200, {
      'Content-Type': MEDIA_TYPES[extname(file)] ?? 'application/octet-stream',
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(bytes);
  }
}

/** Ties stay in row order, as the sort is stable. @param {number[]} rows
 * @param {import('./datasets.mjs').MockColumn} column @param {boolean} isDescending */
function sortBy(rows, column, isDescending) {
  const keys = new Map(rows.map((row) => [row, /** @type {number} */ (column.value(row))]));
  const key = (/** @type {number} */ row) => /** @type {number} */ (keys.get(row));
  const sign = isDescending ? -1 : 1;
  rows.sort((a, b) => (key(a) < key(b) ? -sign : key(a) > key(b) ? sign : 0));
}

/** @param {MockDataset} dataset */
function versionOf(dataset) {
  return `v${dataset.version}`;
}

/** @param {MockDataset} dataset */
function summaryOf(dataset) {
  return {
    name: dataset.name,
    version: versionOf(dataset),
    rows: dataset.rows,
    columns: dataset.columns.length,
  };
}

/** @param {MockDataset} dataset */
function infoOf(dataset) {
  const columns = dataset.columns.map(({ name, type, nullable }) => ({ name, type, nullable }));
  const { name, rows } = dataset;
  return {
    name,
    version: versionOf(dataset),
    rows,
    bytes: rows * 21,
    row_numbers: true,
    source: { kind: 'parquet' },
    columns,
  };
}

/** @param {import('node:http').IncomingMessage} request */
async function textOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** @param {import('node:http').ServerResponse} response @param {number} status @param {unknown} body */
function sendJson(response, status, body) {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'private, no-cache' });
  response.end(JSON.stringify(body));
}

/** @param {import('node:http').ServerResponse} response @param {unknown} error */
function sendProblem(response, error) {
  const problem =
    error instanceof MockProblem ? error : new MockProblem(500, 'internal', String(error));
  sendJson(response, problem.status, problem.body);
}
