/** What every shape takes; `protocol/PROTOCOL.md`, section 4. */
export interface CommonParameters {
  /** CQL2 text. */
  filter?: string | undefined;
  /** `alias: expression`, evaluated before everything else. */
  compute?: Readonly<Record<string, string>> | undefined;
  /** Pins the dataset's version: another one answers `version_changed`. */
  version?: string | undefined;
}

/** The pseudo-column `_row`. A real column that is named `_row` is the string. */
export const ROW_NUMBER: unique symbol = Symbol.for('bowshot.row_number');
export type ColumnName = string | typeof ROW_NUMBER;

/** One column of an order. Nulls come last both ways. */
export interface OrderBy {
  column: ColumnName;
  descending?: boolean;
}

export interface RowsParameters extends CommonParameters {
  /** Column names as they are, in the order wanted; all columns when left out. */
  select?: readonly ColumnName[] | undefined;
  order?: readonly OrderBy[] | undefined;
  offset?: number | undefined;
  limit?: number | undefined;
}

export type CountParameters = CommonParameters;

export interface AggregateParameters extends CommonParameters {
  /** `carrier`, `month:time_bin(date,'1 month')`, as the protocol spells them; see `spellName`. */
  by?: readonly string[] | undefined;
  /** `count()`, `average:mean(delay)`. */
  measures?: readonly string[] | undefined;
  /** Over the result's columns. */
  order?: readonly OrderBy[] | undefined;
  offset?: number | undefined;
  limit?: number | undefined;
}

export interface ProfileParameters extends CommonParameters {
  /** All columns when left out. */
  columns?: readonly string[] | undefined;
}

export interface ValuesParameters extends CommonParameters {
  column: string;
  /** Only values that begin with it, in any case of letters; text columns. */
  prefix?: string | undefined;
  /** Default 100. */
  limit?: number | undefined;
}

export interface HistogramParameters extends CommonParameters {
  column: string;
  /** 1 to 10,000; default 50. */
  bins?: number | undefined;
  /** Numbers, or ISO 8601 text for times; default: those of the filtered rows. */
  min?: number | string | undefined;
  max?: number | string | undefined;
}

export interface SampleParameters extends CommonParameters {
  size: number;
  /** Another seed gives another sample; 0 to 2^64 - 1, default 0. */
  seed?: number | bigint | undefined;
  select?: readonly ColumnName[] | undefined;
  /** Equal shares of this column's values; adds the column `_weight`. */
  by?: string | undefined;
}

export type Shape = 'rows' | 'count' | 'aggregate' | 'profile' | 'values' | 'histogram' | 'sample';

/** What an answer is written as; `protocol/PROTOCOL.md`, section 5. */
export type Format = 'arrow' | 'arrow-file' | 'parquet' | 'csv' | 'json' | 'ndjson';

export interface AnswerForm {
  format?: Format | undefined;
  /** Makes the answer a download of that name. */
  fileName?: string | undefined;
}

/** A request with its parameters as the wire spells them. Immutable. */
export interface WireRequest {
  readonly dataset: string;
  readonly shape: Shape;
  readonly parameters: Readonly<Record<string, string | number | readonly string[]>>;
}

/**
 * Longer requests go as POST /v1/query: servers accept 16 KiB, but proxies between often only 8, and
 * a base path comes on top.
 */
export const URL_LENGTH_MAX = 4096;

/** A column's name as the protocol spells it: bare where it is an identifier, else quoted. */
export function spellName(name: ColumnName): string {
  if (name === ROW_NUMBER) return '_row';
  const isBare = /^[\p{L}_][\p{L}\p{Nd}_.]*$/u.test(name) && !RESERVED.test(name);
  return isBare ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Words that mean something else in a filter. */
const RESERVED = /^(_row|and|or|not|in|like|between|is|null|true|false|div|casei)$/i;

export function rowsRequest(dataset: string, parameters: RowsParameters): WireRequest {
  return wireRequest(dataset, 'rows', {
    ...commonParameters(parameters),
    select: parameters.select?.map(spellName),
    ...sliceParameters(parameters),
  });
}

export function countRequest(dataset: string, parameters: CountParameters): WireRequest {
  return wireRequest(dataset, 'count', commonParameters(parameters));
}

export function aggregateRequest(dataset: string, parameters: AggregateParameters): WireRequest {
  return wireRequest(dataset, 'aggregate', {
    ...commonParameters(parameters),
    by: parameters.by,
    measures: parameters.measures,
    ...sliceParameters(parameters),
  });
}

export function profileRequest(dataset: string, parameters: ProfileParameters): WireRequest {
  return wireRequest(dataset, 'profile', {
    ...commonParameters(parameters),
    columns: parameters.columns?.map(spellName),
  });
}

export function valuesRequest(dataset: string, parameters: ValuesParameters): WireRequest {
  requireCount('limit', parameters.limit);
  return wireRequest(dataset, 'values', {
    ...commonParameters(parameters),
    column: spellName(parameters.column),
    prefix: parameters.prefix === '' ? undefined : parameters.prefix,
    limit: parameters.limit,
  });
}

export function histogramRequest(dataset: string, parameters: HistogramParameters): WireRequest {
  const { column, bins, min, max } = parameters;
  requireCount('bins', bins);
  return wireRequest(dataset, 'histogram', {
    ...commonParameters(parameters),
    column: spellName(column),
    bins,
    min,
    max,
  });
}

export function sampleRequest(dataset: string, parameters: SampleParameters): WireRequest {
  const { size, seed, select, by } = parameters;
  requireCount('size', size);
  return wireRequest(dataset, 'sample', {
    ...commonParameters(parameters),
    size,
    // Beyond 2^53 a JSON number would be rounded.
    seed: typeof seed === 'bigint' ? String(seed) : seed,
    select: select?.map(spellName),
    by: by === undefined ? undefined : spellName(by),
  });
}

/** The path and query of a request, below the server's base URL. */
export function requestTarget(request: WireRequest, { format, fileName }: AnswerForm = {}): string {
  const parts = Object.entries(request.parameters).map(
    ([name, value]) => `${name}=${encodeURIComponent(joined(value))}`,
  );
  if (format !== undefined) parts.push(`format=${encodeURIComponent(format)}`);
  if (fileName !== undefined) parts.push(`download=${encodeURIComponent(fileName)}`);
  const query = parts.length > 0 ? `?${parts.join('&')}` : '';
  return `/v1/datasets/${encodeURIComponent(request.dataset)}/${request.shape}${query}`;
}

/** The same request as the body of POST /v1/query. */
export function requestBody(request: WireRequest, { format, fileName }: AnswerForm = {}): string {
  return JSON.stringify({
    dataset: request.dataset,
    shape: request.shape,
    ...request.parameters,
    format,
    download: fileName,
  });
}

function joined(value: string | number | readonly string[]): string {
  return typeof value === 'object' ? value.join(',') : String(value);
}

type LooseParameters = Record<string, string | number | readonly string[] | undefined>;

function wireRequest(dataset: string, shape: Shape, loose: LooseParameters): WireRequest {
  const parameters: Record<string, string | number | readonly string[]> = {};
  for (const [name, value] of Object.entries(loose)) {
    // An empty list is an error on the wire, and means "not asked" here.
    if (value === undefined || (typeof value === 'object' && value.length === 0)) continue;
    parameters[name] = value;
  }
  return { dataset, shape, parameters };
}

function commonParameters({ filter, compute, version }: CommonParameters): LooseParameters {
  return {
    filter: filter === undefined || filter.trim() === '' ? undefined : filter,
    compute:
      compute &&
      Object.entries(compute).map(([alias, expression]) => `${spellName(alias)}:${expression}`),
    version,
  };
}

function sliceParameters(parameters: {
  order?: readonly OrderBy[] | undefined;
  offset?: number | undefined;
  limit?: number | undefined;
}): LooseParameters {
  const { order, offset, limit } = parameters;
  requireCount('offset', offset);
  requireCount('limit', limit);
  return {
    order: order?.map(({ column, descending }) => (descending ? '-' : '') + spellName(column)),
    offset: offset === 0 ? undefined : offset,
    limit,
  };
}

/** Row numbers are doubles here: exact up to 2^53, which is 9 * 10^15 rows. */
function requireCount(name: string, value: number | undefined): void {
  if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) {
    throw new RangeError(`${name} must be a whole number from 0 to 2^53 - 1, not ${value}`);
  }
}
