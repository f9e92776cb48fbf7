import { Query, type ReadOptions } from './answer.js';
import { BowshotError, parseProblem } from './error.js';
import {
  aggregateRequest,
  countRequest,
  histogramRequest,
  profileRequest,
  rowsRequest,
  sampleRequest,
  valuesRequest,
  type AggregateParameters,
  type CountParameters,
  type HistogramParameters,
  type ProfileParameters,
  type RowsParameters,
  type SampleParameters,
  type ValuesParameters,
} from './request.js';
import {
  readHistogram,
  readProfile,
  readValues,
  type ColumnProfile,
  type Histogram,
  type ValueCounts,
} from './summaries.js';
import { Transport, type TransportOptions } from './transport.js';

/** What the protocol gives where no limit is asked for. */
const VALUES_DEFAULT = 100;

/** One line of the list of datasets. */
export interface DatasetSummary {
  name: string;
  version: string;
  rows: number;
  /** Their number. */
  columns: number;
  /**
   * Why its files cannot be opened now; the version is empty then, rows and columns are 0. With the
   * code `not_ready` it is being converted, and will be there by itself.
   */
  problem?: { code: string; detail: string };
}

export interface ColumnInfo {
  name: string;
  /** The protocol's name, `timestamp[us]`; `protocol/PROTOCOL.md`, section 2. */
  type: string;
  nullable: boolean;
  /** Made by the answer, as `_weight` of a sample: the dataset has no such column to filter by. */
  isDerived?: true;
}

/** What the server keeps, or is building, so that windows of a filter or an order come quickly. */
export interface ViewStatus {
  kind: 'filter' | 'matches' | 'order';
  state: 'building' | 'ready' | 'failed';
  /** Rows of the view; 0 while they are not known. */
  rows: number;
  /** How far the building is, from 0 to 1. */
  progress: number;
  /** Of an order: as `order` of the request spells it, and whether it is of filtered rows. */
  order?: string;
  isFiltered?: boolean;
}

export interface DatasetInfo {
  name: string;
  version: string;
  rows: number;
  bytes: number;
  /** Whether rows have a number, `_row`, and windows can be asked without an order. */
  rowNumbers: boolean;
  source: { kind: string };
  columns: ColumnInfo[];
  /** Of this version, as they were when the server was asked. */
  views: ViewStatus[];
}

export interface InfoOptions {
  signal?: AbortSignal | undefined;
  /** Attempts after the first, where a dataset is not ready or the server busy. Default as connected. */
  retries?: number | undefined;
}

/**
 * A client of the server at `baseUrl`. Sends nothing yet.
 *
 *     const bowshot = connect('http://127.0.0.1:8765');
 *     const flights = bowshot.dataset('flights');
 *     const late = await flights.count({ filter: 'delay > 60' });
 */
export function connect(baseUrl: string, options: Omit<TransportOptions, 'baseUrl'> = {}): Bowshot {
  return new Bowshot(new Transport({ ...options, baseUrl }));
}

/** A connected client; see `connect`. Immutable, and shared freely. */
export class Bowshot {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async datasets({ signal }: { signal?: AbortSignal } = {}): Promise<DatasetSummary[]> {
    const answer = await this.#transport.json('/v1/datasets', { signal });
    return readDatasets(answer);
  }

  /** A dataset by name. Sends nothing yet, so the name may be wrong. */
  dataset(name: string): Dataset {
    return new Dataset(this.#transport, name);
  }
}

/** One dataset of a server. Immutable. */
export class Dataset {
  readonly #transport: Transport;

  constructor(
    transport: Transport,
    readonly name: string,
  ) {
    this.#transport = transport;
  }

  /** Schema, size and version as they are now. */
  async info(options: InfoOptions = {}): Promise<DatasetInfo> {
    const target = `/v1/datasets/${encodeURIComponent(this.name)}`;
    return readDatasetInfo(await this.#transport.json(target, options));
  }

  rows(parameters: RowsParameters = {}): Query {
    return new Query(this.#transport, rowsRequest(this.name, parameters));
  }

  aggregate(parameters: AggregateParameters = {}): Query {
    return new Query(this.#transport, aggregateRequest(this.name, parameters));
  }

  /**
   * Rows drawn at random, without replacement: a larger `size` extends a smaller one.
   *
   *     const { table, facts } = await flights.sample({ size: 1000 }).read();
   *     console.log(`sampled ${table.numRows} of ${facts.population}`);
   */
  sample(parameters: SampleParameters): Query {
    return new Query(this.#transport, sampleRequest(this.name, parameters));
  }

  /**
   * What is in each column: nulls, distinct values, moments, the most frequent values.
   *
   *     const [delay] = await flights.profile({ columns: ['delay'] });
   *     console.log(delay.nulls, delay.median, delay.top);
   */
  async profile(
    parameters: ProfileParameters = {},
    options: ReadOptions = {},
  ): Promise<ColumnProfile[]> {
    const query = new Query(this.#transport, profileRequest(this.name, parameters));
    return readProfile(await query.table(options));
  }

  /**
   * The values of a column and how often each occurs, the most frequent first.
   *
   *     const { values } = await flights.values({ column: 'origin', prefix: 'a' });
   *     for (const { text, count } of values) console.log(text ?? 'null', count);
   */
  async values(parameters: ValuesParameters, options: ReadOptions = {}): Promise<ValueCounts> {
    const query = new Query(this.#transport, valuesRequest(this.name, parameters));
    return readValues(await query.table(options), parameters.limit ?? VALUES_DEFAULT);
  }

  /**
   * How many rows fall into each of equal bins; `undefined` where there is no value to count.
   *
   *     const histogram = await flights.histogram({ column: 'delay', bins: 40 });
   */
  async histogram(
    parameters: HistogramParameters,
    options: ReadOptions = {},
  ): Promise<Histogram | undefined> {
    const query = new Query(this.#transport, histogramRequest(this.name, parameters));
    return readHistogram(await query.table(options));
  }

  /** The number of rows that a filter keeps. */
  async count(parameters: CountParameters = {}, options: ReadOptions = {}): Promise<number> {
    const query = new Query(this.#transport, countRequest(this.name, parameters));
    const table = await query.table(options);
    const value: unknown = table.getChild('count')?.get(0);
    if (typeof value !== 'bigint') {
      throw BowshotError.ofClient('bad_answer', 'the count is not one int64');
    }
    return Number(value);
  }
}

function readDatasets(answer: unknown): DatasetSummary[] {
  const { datasets } = fields(answer);
  if (!Array.isArray(datasets)) throw badAnswer('the list of datasets is missing');
  return datasets.map((entry) => {
    const { name, version, rows, columns, problem } = fields(entry);
    const parsed = parseProblem(problem);
    return {
      name: String(name),
      version: String(version),
      rows: wholeNumber('rows', rows),
      columns: wholeNumber('columns', columns),
      ...(parsed && { problem: { code: parsed.code, detail: parsed.detail } }),
    };
  });
}

function readDatasetInfo(answer: unknown): DatasetInfo {
  const { name, version, rows, bytes, row_numbers, source, columns, views } = fields(answer);
  if (!Array.isArray(columns)) throw badAnswer('the columns are missing');
  return {
    name: String(name),
    version: String(version),
    rows: wholeNumber('rows', rows),
    bytes: wholeNumber('bytes', bytes),
    rowNumbers: row_numbers !== false,
    source: { kind: String(fields(source)['kind']) },
    columns: columns.map((entry) => {
      const column = fields(entry);
      return {
        name: String(column['name']),
        type: String(column['type']),
        nullable: column['nullable'] !== false,
      };
    }),
    views: Array.isArray(views) ? views.map(readView) : [],
  };
}

function readView(entry: unknown): ViewStatus {
  const { kind, state, rows, progress, order, filtered } = fields(entry);
  return {
    kind: kind === 'order' || kind === 'matches' ? kind : 'filter',
    state: state === 'ready' || state === 'failed' ? state : 'building',
    rows: typeof rows === 'number' ? rows : 0,
    progress: typeof progress === 'number' ? Math.min(Math.max(0, progress), 1) : 0,
    ...(typeof order === 'string' && { order, isFiltered: filtered === true }),
  };
}

function fields(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw badAnswer('an object is missing');
  return value as Record<string, unknown>;
}

/** JSON numbers; beyond 2^53 the server writes them as text. */
function wholeNumber(name: string, value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    throw badAnswer(`${name} is not a number`);
  }
  return number;
}

function badAnswer(detail: string): BowshotError {
  return BowshotError.ofClient('bad_answer', detail);
}
