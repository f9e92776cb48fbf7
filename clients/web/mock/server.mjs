// A server that speaks enough of the protocol to work on the page without building the real one:
// the list, the schema, rows and counts of computed datasets, and faults on request.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

import { RecordBatchFileWriter, RecordBatchStreamWriter } from 'apache-arrow';

import { makeDatasets } from './datasets.mjs';
import { MockProblem } from './filter.mjs';
import { SHAPES, select } from './shapes.mjs';

/**
 * @typedef {import('./datasets.mjs').MockDataset} MockDataset
 * @typedef {import('apache-arrow').RecordBatch} RecordBatch
 * @typedef {{ kind: 'fail' | 'cut' | 'slow' | 'busy' | 'gone' | 'trickle' | 'converting', shape: string,
 *   times: number, ms?: number }} Fault
 * @typedef {{ url: string, requests: string[], fault: (fault: Fault) => void,
 *   changeVersion: (name: string, rows: number) => void, show: (name: string, views: unknown[]) => void,
 *   close: () => Promise<void> }} MockServer
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
    show: (name, views) => void mock.views.set(name, views),
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
  /** @type {Map<string, unknown[]>} What the server would keep for filters and orders, by dataset. */
  views = new Map();

  /** @param {string | undefined} page */
  constructor(page) {
    this.page = page;
  }

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async answer(request, response) {
    const url = new URL(request.url ?? '/', 'http://mock');
    // Pages under development come from other ports.
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', 'Bowshot-Request, Bowshot-Rows');
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
      else if (shape === undefined) await this.answerInfo(name, response);
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

  /** @param {string} name @param {import('node:http').ServerResponse} response */
  async answerInfo(name, response) {
    const dataset = this.dataset(name);
    const fault = this.takeFault('info');
    if (fault) await this.provoke(fault, response);
    if (response.destroyed) return;
    sendJson(response, 200, { ...infoOf(dataset), views: this.views.get(name) ?? [] });
  }

  /** @param {string} name @param {string} shape @param {URLSearchParams} parameters
   * @param {import('node:http').ServerResponse} response */
  async answerShape(name, shape, parameters, response) {
    const dataset = this.dataset(name);
    const answer = SHAPES[shape];
    if (!answer) throw new MockProblem(404, 'unknown_shape', `there is no shape ${shape}`);
    const fault = this.takeFault(shape);
    if (fault) await this.provoke(fault, response);
    if (response.destroyed) return;
    const version = versionOf(dataset);
    const pin = parameters.get('version');
    if (pin !== null && pin !== version) {
      throw new MockProblem(409, 'version_changed', `the version is ${version} now`);
    }
    const isOrdered = shape === 'rows';
    const selection = select(dataset, version, parameters, isOrdered);
    if (isOrdered) requireKept(dataset, parameters, selection.length);
    const batch = answer({ dataset, version, parameters, selection });
    const { bytes, mediaType } = encode(batch, parameters.get('format') ?? 'arrow');
    const id = `mock-${this.requests.length}`;
    const fileName = parameters.get('download');
    response.writeHead(200, {
      'Content-Type': mediaType,
      'Bowshot-Request': id,
      'Bowshot-Rows': String(batch.numRows),
      'Cache-Control': 'private, no-cache',
      ...(fileName !== null && { 'Content-Disposition': `attachment; filename="${fileName}"` }),
    });
    if (fault?.kind === 'cut') {
      const problem = new MockProblem(409, 'version_changed', 'the file was overwritten');
      this.problems.set(id, problem.body);
      response.write(bytes.subarray(0, bytes.length - 40), () => response.destroy());
      return;
    }
    if (fault?.kind === 'trickle') await trickle(bytes, response, fault.ms ?? 50);
    else response.end(bytes);
  }

  /** @param {string} shape */
  takeFault(shape) {
    const fault = this.faults.find((candidate) => candidate.shape === shape && candidate.times > 0);
    if (fault) fault.times -= 1;
    return fault;
  }

  /** @param {Fault} fault @param {import('node:http').ServerResponse} response */
  async provoke({ kind, ms }, response) {
    if (kind === 'slow') await pause(ms ?? 0);
    if (kind === 'fail') throw new MockProblem(500, 'internal', 'the mock was told to fail');
    if (kind === 'busy') {
      response.setHeader('Retry-After', String(Math.ceil((ms ?? 1000) / 1000)));
      throw new MockProblem(503, 'overloaded', 'the limit `waiting` is 256, and 256 requests wait');
    }
    if (kind === 'converting') {
      response.setHeader('Retry-After', '1');
      const detail =
        'the dataset is being converted: the conversion has read 30 of 100 bytes (30 %), 5 rows';
      throw new MockProblem(503, 'not_ready', detail);
    }
    if (kind === 'gone') response.destroy();
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

/** Of an order that is too long to be kept only the ends can be had, as of the real server.
 * @param {MockDataset} dataset @param {URLSearchParams} parameters @param {number} rows */
function requireKept(dataset, parameters, rows) {
  const order = parameters.get('order');
  const limit = parameters.get('limit');
  if (!dataset.isVirtual || !order || !limit || order.endsWith('_row')) return;
  const offset = Number(parameters.get('offset') ?? 0);
  const isAnEnd = offset + Number(limit) <= ENDS_ROWS || rows - offset <= ENDS_ROWS;
  if (isAnEnd || rows <= ORDERED_ROWS_MAX) return;
  const detail =
    `orders are kept of up to ${ORDERED_ROWS_MAX} rows, this one has ${rows}: without a filter that ` +
    `leaves fewer, only its first and last ${ENDS_ROWS} rows can be had`;
  throw new MockProblem(507, 'out_of_memory', detail);
}

const ORDERED_ROWS_MAX = 50_000_000;
const ENDS_ROWS = 5_000;

const FORMATS = /** @type {Record<string, { mediaType: string,
   encode: (batch: RecordBatch) => Uint8Array | string }>} */ ({
  arrow: {
    mediaType: 'application/vnd.apache.arrow.stream',
    encode: (batch) => RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true),
  },
  'arrow-file': {
    mediaType: 'application/vnd.apache.arrow.file',
    encode: (batch) => RecordBatchFileWriter.writeAll([batch]).toUint8Array(true),
  },
  csv: { mediaType: 'text/csv; charset=utf-8', encode: csvOf },
  json: { mediaType: 'application/json', encode: jsonOf },
});

/** @param {RecordBatch} batch @param {string} format */
function encode(batch, format) {
  const encoder = FORMATS[format];
  if (!encoder) {
    const detail = `the mock does not write ${format}`;
    throw new MockProblem(400, 'bad_parameter', detail, { parameter: 'format' });
  }
  return { bytes: Buffer.from(encoder.encode(batch)), mediaType: encoder.mediaType };
}

/** @param {RecordBatch} batch */
function cellsOf(batch) {
  return Array.from({ length: batch.numRows }, (_, row) =>
    batch.schema.fields.map((_, column) => {
      const value = batch.getChildAt(column)?.get(row);
      return typeof value === 'bigint' ? Number(value) : value;
    }),
  );
}

/** @param {RecordBatch} batch */
function csvOf(batch) {
  const names = batch.schema.fields.map(({ name }) => name);
  const lines = [names, ...cellsOf(batch)].map((cells) =>
    cells.map((cell) => (cell === null ? '' : String(cell))).join(','),
  );
  return `${lines.join('\r\n')}\r\n`;
}

/** @param {RecordBatch} batch */
function jsonOf(batch) {
  const columns = batch.schema.fields.map(({ name, type }) => ({ name, type: String(type) }));
  return JSON.stringify({ columns, rows: cellsOf(batch) });
}

/** A tenth at a time, as a slow network would. @param {Buffer} bytes
 * @param {import('node:http').ServerResponse} response @param {number} ms */
async function trickle(bytes, response, ms) {
  const step = Math.ceil(bytes.length / 10);
  for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
    response.write(bytes.subarray(at, at + step));
    await pause(ms);
  }
  response.end();
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
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
