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

export type Shape = 'rows' | 'count' | 'aggregate';

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
  return /^[\p{L}_][\p{L}\p{Nd}_.]*$/u.test(name) && name !== '_row'
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}

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

/** The path and query of a request, below the server's base URL. */
export function requestTarget(request: WireRequest, format?: string): string {
  const parts = Object.entries(request.parameters).map(
    ([name, value]) => `${name}=${encodeURIComponent(joined(value))}`,
  );
  if (format !== undefined) parts.push(`format=${encodeURIComponent(format)}`);
  const query = parts.length > 0 ? `?${parts.join('&')}` : '';
  return `/v1/datasets/${encodeURIComponent(request.dataset)}/${request.shape}${query}`;
}

/** The same request as the body of POST /v1/query. */
export function requestBody(request: WireRequest): string {
  return JSON.stringify({
    dataset: request.dataset,
    shape: request.shape,
    ...request.parameters,
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
