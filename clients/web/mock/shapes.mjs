// The mock's answers: every shape computed from the rows, as record batches.
import {
  Bool,
  Field,
  Float64,
  Int64,
  List,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
  makeData,
  vectorFromArray,
} from 'apache-arrow';

import { CATEGORIES, makeBatch, noise } from './datasets.mjs';
import { MockProblem, comparable, kindOf, parseFilter, progression } from './filter.mjs';

/**
 * @typedef {import('./datasets.mjs').MockDataset} MockDataset
 * @typedef {import('./datasets.mjs').MockColumn} MockColumn
 * @typedef {{ columns: MockColumn[], length: number, at: (index: number) => number }} Selection
 * @typedef {{ dataset: MockDataset, version: string, parameters: URLSearchParams, selection: Selection }} Ask
 */

const TOP_MAX = 10;
const PROFILE_BINS = 20;

/** @type {Record<string, (ask: Ask) => RecordBatch>} */
export const SHAPES = { rows, count, aggregate, profile, values, histogram, sample };

/** Rows by filter and order, kept: they are asked for page by page. @type {Map<string, number[]>} */
const selections = new Map();

/** @type {Map<string, ReturnType<typeof profileOf>>} */
const profiles = new Map();

/** The rows that a filter keeps, in the order asked for. @param {MockDataset} dataset
 * @param {string} version @param {URLSearchParams} parameters @param {boolean} isOrdered
 * @returns {Selection} */
export function select(dataset, version, parameters, isOrdered) {
  const columns = [
    ...dataset.columns,
    rowNumber(),
    ...computed(parameters.get('compute'), dataset),
  ];
  const filter = parameters.get('filter');
  const predicate = filter === null ? undefined : parseFilter(filter, columns);
  const order = isOrdered ? orderOf(parameters.get('order'), columns) : [];
  if (dataset.isVirtual) return { columns, ...virtualRows(dataset, predicate, order) };
  const key = `${dataset.name} ${version} ${filter} ${isOrdered ? parameters.get('order') : ''}`;
  let found = selections.get(key);
  if (!found) {
    found = Array.from({ length: dataset.rows }, (_, row) => row).filter(
      (row) => !predicate || predicate.test(row) === true,
    );
    sortRows(found, order);
    selections.set(key, found);
  }
  const kept = found;
  return { columns, length: kept.length, at: (index) => kept[index] ?? 0 };
}

/** @param {MockDataset} dataset @param {import('./filter.mjs').Predicate | undefined} predicate
 * @param {{ column: MockColumn, isDescending: boolean }[]} order */
function virtualRows(dataset, predicate, order) {
  const isById = order.every(({ column }) => column.name === 'id' || column.name === '_row');
  if (!isById) {
    const detail = 'the mock orders its virtual dataset by id only';
    throw new MockProblem(400, 'bad_parameter', detail, { parameter: 'order' });
  }
  const { first, step, length } = progression(predicate, dataset.rows, CATEGORIES);
  const isDescending = order[0]?.isDescending ?? false;
  /** @param {number} index */
  const at = (index) => first + step * (isDescending ? length - 1 - index : index);
  return { length, at };
}

/** @returns {MockColumn} */
function rowNumber() {
  return {
    name: '_row',
    type: 'int64',
    nullable: false,
    arrow: new Int64(),
    value: (row) => BigInt(row),
  };
}

/** `alias:predicate` items. @param {string | null} text @param {MockDataset} dataset
 * @returns {MockColumn[]} */
function computed(text, dataset) {
  return listOf(text).map((item) => {
    const [, name = '', expression = ''] = /^([^:]+):(.*)$/s.exec(item) ?? [];
    const predicate = parseFilter(expression, [...dataset.columns, rowNumber()]);
    return {
      name,
      type: 'bool',
      nullable: true,
      arrow: new Bool(),
      value: predicate.test,
    };
  });
}

/** Items between commas that no parentheses or quotes hold. @param {string | null} text */
export function listOf(text) {
  if (!text) return [];
  /** @type {string[]} */
  const items = [''];
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"]|"")*"|'(?:[^']|'')*'|[\s\S]/g)) {
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (token === ',' && depth === 0) items.push('');
    else items[items.length - 1] += token;
  }
  return items;
}

/** @param {string} spelled */
function nameOf(spelled) {
  return spelled.startsWith('"') ? spelled.slice(1, -1).replaceAll('""', '"') : spelled;
}

/** @param {MockColumn[]} columns @param {string} spelled @returns {MockColumn} */
function columnOf(columns, spelled) {
  const found = columns.find(({ name }) => name === nameOf(spelled));
  if (!found) throw new MockProblem(400, 'unknown_column', `there is no column ${spelled}`);
  return found;
}

/** @param {string | null} text @param {MockColumn[]} columns */
function orderOf(text, columns) {
  return listOf(text).map((item) => ({
    column: columnOf(columns, item.replace(/^-/, '')),
    isDescending: item.startsWith('-'),
  }));
}

/** Nulls last both ways; ties stay in row order, as the sort is stable. @param {number[]} rows
 * @param {{ column: MockColumn, isDescending: boolean }[]} order */
function sortRows(rows, order) {
  if (order.length === 0) return;
  const keyed = rows.map((row) => ({
    row,
    keys: order.map(({ column }) => comparable(column.value(row))),
  }));
  // Stable: ties stand by their row number.
  keyed.sort((a, b) =>
    order.reduce(
      (rank, { isDescending }, key) =>
        rank || ranked(a.keys[key] ?? null, b.keys[key] ?? null, isDescending ? -1 : 1),
      0,
    ),
  );
  keyed.forEach(({ row }, rank) => (rows[rank] = row));
}

/** @param {import('./filter.mjs').Comparable} a @param {import('./filter.mjs').Comparable} b
 * @param {number} sign */
function ranked(a, b, sign) {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a < b ? -sign : a > b ? sign : 0;
}

/** @param {Ask} ask */
function rows({ dataset, version, parameters, selection }) {
  const selected = listOf(parameters.get('select'));
  const columns =
    selected.length > 0
      ? selected.map((name) => columnOf(selection.columns, name))
      : dataset.columns;
  const offset = Number(parameters.get('offset') ?? 0);
  const limit = Number(parameters.get('limit') ?? selection.length);
  const count = Math.max(0, Math.min(limit, selection.length - offset));
  const numbers = Array.from({ length: count }, (_, index) => selection.at(offset + index));
  return makeBatch(columns, numbers, facts(version, 'exact', count, selection.length));
}

/** @param {Ask} ask */
function count({ version, selection }) {
  return batchOf(version, [['count', new Int64(), [BigInt(selection.length)]]]);
}

/** @param {Ask} ask */
function sample({ dataset, version, parameters, selection }) {
  const size = Number(parameters.get('size'));
  const seed = Number(parameters.get('seed') ?? 0);
  const selected = listOf(parameters.get('select'));
  const columns =
    selected.length > 0
      ? selected.map((name) => columnOf(selection.columns, name))
      : dataset.columns;
  const all = each(selection).toSorted(
    (a, b) => noise(a, seed + 77) - noise(b, seed + 77) || a - b,
  );
  const by = parameters.get('by');
  const kept = by === null ? undefined : shared(all, size, columnOf(selection.columns, by));
  const metadata = facts(version, 'sampled', Math.min(size, all.length), all.length);
  metadata.set('bowshot.population', String(all.length));
  if (!kept) return makeBatch(columns, all.slice(0, size), metadata);
  /** @type {MockColumn} */
  const weight = {
    name: '_weight',
    type: 'float64',
    nullable: false,
    arrow: new Float64(),
    value: (row) => kept.get(row) ?? 0,
  };
  return makeBatch([...columns, weight], [...kept.keys()], metadata);
}

/** Equal shares of a column's values, as far as they last: rows and what each stands for.
 * @param {number[]} drawn @param {number} size @param {MockColumn} column @returns {Map<number, number>} */
function shared(drawn, size, column) {
  /** @type {Map<unknown, number[]>} */
  const groups = new Map();
  for (const row of drawn) {
    const value = column.value(row);
    const rows = groups.get(value);
    if (rows) rows.push(row);
    else groups.set(value, [row]);
  }
  if (size < groups.size) {
    const detail = `size is ${size}, and ${column.name} has ${groups.size} values`;
    throw new MockProblem(400, 'bad_parameter', detail, { parameter: 'size' });
  }
  let share = 1;
  const taken = () =>
    [...groups.values()].reduce((sum, rows) => sum + Math.min(share + 1, rows.length), 0);
  while (share < drawn.length && taken() <= size) ++share;
  const kept = new Map();
  for (const rows of groups.values()) {
    const part = rows.slice(0, share);
    for (const row of part) kept.set(row, rows.length / part.length);
  }
  return kept;
}

/** @param {Ask} ask */
function values({ version, parameters, selection }) {
  const column = columnOf(selection.columns, parameters.get('column') ?? '');
  const prefix = parameters.get('prefix')?.toLowerCase() ?? '';
  const limit = Number(parameters.get('limit') ?? 100);
  const counted = countsOf(column, selection).filter(
    ({ value }) => prefix === '' || String(value).toLowerCase().startsWith(prefix),
  );
  const kept = counted.slice(0, limit);
  return batchOf(version, [
    ['value', column.arrow, kept.map(({ value }) => value)],
    ['count', new Int64(), kept.map(({ count }) => BigInt(count))],
  ]);
}

/** By count descending, then value ascending, null last. @param {MockColumn} column
 * @param {Selection} selection */
function countsOf(column, selection) {
  /** @type {Map<unknown, number>} */
  const counts = new Map();
  for (const row of each(selection)) {
    const value = column.value(row);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .toSorted((a, b) => b.count - a.count || ranked(comparable(a.value), comparable(b.value), 1));
}

/** @param {Ask} ask */
function histogram({ version, parameters, selection }) {
  const column = columnOf(selection.columns, parameters.get('column') ?? '');
  const isTime = kindOf(column.type) === 'time';
  const bins = Number(parameters.get('bins') ?? 50);
  const found = numbersOf(column, selection);
  const bound = (/** @type {string} */ name, /** @type {number} */ otherwise) => {
    const text = parameters.get(name);
    return text === null ? otherwise : isTime ? Date.parse(text) : Number(text);
  };
  const min = bound(
    'min',
    found.reduce((a, b) => Math.min(a, b), Infinity),
  );
  const max = bound(
    'max',
    found.reduce((a, b) => Math.max(a, b), -Infinity),
  );
  const counts = found.length === 0 ? [] : binned(found, min, max, bins);
  const edge = (/** @type {number} */ index) =>
    index === bins ? max : min + (index * (max - min)) / bins;
  const edgeType = isTime ? column.arrow : new Float64();
  return batchOf(version, [
    ['bin_start', edgeType, counts.map((_, index) => edge(index))],
    ['bin_end', edgeType, counts.map((_, index) => edge(index + 1))],
    ['count', new Int64(), counts.map(BigInt)],
  ]);
}

/** @param {number[]} found @param {number} min @param {number} max @param {number} bins */
function binned(found, min, max, bins) {
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of found) {
    if (value < min || value > max) continue;
    const bin =
      min === max ? 0 : Math.min(bins - 1, Math.floor(((value - min) * bins) / (max - min)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** @param {Ask} ask */
function profile({ dataset, version, parameters, selection }) {
  const named = listOf(parameters.get('columns'));
  const columns =
    named.length > 0 ? named.map((name) => columnOf(selection.columns, name)) : dataset.columns;
  const found = columns.map((column) => {
    const key = `${dataset.name} ${version} ${parameters.get('filter')} ${column.name}`;
    const kept = profiles.get(key) ?? profileOf(column, selection);
    profiles.set(key, kept);
    return kept;
  });
  const text = new Utf8();
  const long = new Int64();
  const double = new Float64();
  const top = new List(
    new Field('item', new Struct([new Field('value', text), new Field('count', long)]), true),
  );
  const bins = new List(new Field('item', long, true));
  /** @type {[keyof ReturnType<typeof profileOf>, import('apache-arrow').DataType][]} */
  const fields = [
    ['column', text],
    ['type', text],
    ['rows', long],
    ['nulls', long],
    ['distinct', long],
    ['min', text],
    ['max', text],
    ['mean', double],
    ['stddev', double],
    ['q25', double],
    ['median', double],
    ['q75', double],
    ['top', top],
    ['histogram', bins],
  ];
  const metadata = facts(version, 'approximate', found.length, found.length);
  return batchOf(
    version,
    fields.map(([name, type]) => [name, type, found.map((column) => column[name])]),
    metadata,
  );
}

/** @param {MockColumn} column @param {Selection} selection */
function profileOf(column, selection) {
  const counted = countsOf(column, selection).filter(({ value }) => value !== null);
  const rows = selection.length;
  const filled = counted.reduce((sum, { count }) => sum + count, 0);
  const kind = kindOf(column.type);
  const numbers = numbersOf(column, selection).sort((a, b) => a - b);
  const isNumber = kind === 'number' && numbers.length > 0;
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const shown = counted
    .map(({ value }) => value)
    .toSorted((a, b) => ranked(comparable(a), comparable(b), 1));
  const [min, max] = [numbers[0] ?? 0, numbers.at(-1) ?? 0];
  return {
    column: column.name,
    type: column.type,
    rows: BigInt(rows),
    nulls: BigInt(rows - filled),
    distinct: BigInt(counted.length),
    min: shown.length > 0 ? textOf(shown[0], kind) : null,
    max: shown.length > 0 ? textOf(shown.at(-1), kind) : null,
    mean: isNumber ? mean : null,
    stddev: isNumber && numbers.length > 1 ? Math.sqrt(squares / (numbers.length - 1)) : null,
    q25: isNumber ? quantile(numbers, 0.25) : null,
    median: isNumber ? quantile(numbers, 0.5) : null,
    q75: isNumber ? quantile(numbers, 0.75) : null,
    top:
      counted.length > 100_000
        ? null
        : counted
            .slice(0, TOP_MAX)
            .map(({ value, count }) => ({ value: textOf(value, kind), count: BigInt(count) })),
    histogram:
      (kind === 'number' || kind === 'time') && numbers.length > 0
        ? binned(numbers, min, max, PROFILE_BINS).map(BigInt)
        : null,
  };
}

/** @param {unknown} value @param {string} kind */
function textOf(value, kind) {
  return kind === 'time' ? new Date(Number(value)).toISOString().slice(0, 19) : String(value);
}

/** @param {number[]} sorted @param {number} share */
function quantile(sorted, share) {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? 0;
  return below + ((sorted[Math.ceil(at)] ?? 0) - below) * (at - Math.floor(at));
}

/** @param {Ask} ask */
function aggregate({ dataset, version, parameters, selection }) {
  const items = listOf(parameters.get('by')).map(keyOf);
  const by = items.map(({ name }) => columnOf(selection.columns, name));
  const measures = listOf(parameters.get('measures') ?? 'count()').map(measureOf);
  const groups = dataset.isVirtual
    ? virtualGroups(dataset, by, parameters)
    : groupsOf(by, each(selection));
  groups.sort((a, b) =>
    by.reduce((rank, _, key) => rank || ranked(a.keys[key] ?? null, b.keys[key] ?? null, 1), 0),
  );
  /** @type {[string, import('apache-arrow').DataType, unknown[]][]} */
  const columns = [
    ...by.map((column, key) => {
      const whole = column.arrow instanceof Int64;
      const cell = (/** @type {import('./filter.mjs').Comparable} */ value) =>
        whole && value !== null ? BigInt(Number(value)) : value;
      return /** @type {[string, import('apache-arrow').DataType, unknown[]]} */ ([
        items[key]?.alias ?? column.name,
        column.arrow,
        groups.map(({ keys }) => cell(keys[key] ?? null)),
      ]);
    }),
    ...measures.map(({ alias, name, argument }) => {
      const type = name === 'count' ? new Int64() : new Float64();
      const column = argument === '' ? undefined : columnOf(selection.columns, argument);
      const found = groups.map((group) => measured(name, column, group));
      return /** @type {[string, import('apache-arrow').DataType, unknown[]]} */ ([
        alias,
        type,
        found,
      ]);
    }),
  ];
  const order = listOf(parameters.get('order'));
  const places = orderedPlaces(columns, order, groups.length);
  const offset = Number(parameters.get('offset') ?? 0);
  const kept = places.slice(offset, offset + Number(parameters.get('limit') ?? places.length));
  return batchOf(
    version,
    columns.map(([name, type, cells]) => [name, type, kept.map((place) => cells[place])]),
    facts(version, 'exact', kept.length, groups.length),
  );
}

/** @param {[string, unknown, unknown[]][]} columns @param {string[]} order @param {number} length */
function orderedPlaces(columns, order, length) {
  const places = Array.from({ length }, (_, place) => place);
  for (const item of order.toReversed()) {
    const cells = columns.find(([name]) => name === nameOf(item.replace(/^-/, '')))?.[2];
    if (!cells) throw new MockProblem(400, 'unknown_column', `there is no ${item} to order by`);
    const sign = item.startsWith('-') ? -1 : 1;
    places.sort((a, b) => ranked(comparable(cells[a]), comparable(cells[b]), sign));
  }
  return places;
}

/** `[alias:]name` @param {string} text */
function keyOf(text) {
  const [, alias, name = text] = /^(\w+):(.+)$/s.exec(text) ?? [];
  return { alias, name };
}

/** @param {string} text */
function measureOf(text) {
  const [, alias, name = '', argument = ''] = /^(?:([^:(]+):)?(\w+)\((.*)\)$/s.exec(text) ?? [];
  if (!/^(count|mean|sum|min|max)$/.test(name)) {
    throw new MockProblem(400, 'bad_parameter', `the mock does not measure ${text}`);
  }
  const natural = argument === '' ? name : `${name}_${nameOf(argument)}`;
  return { alias: alias === undefined ? natural : nameOf(alias), name, argument };
}

/** @typedef {{ keys: import('./filter.mjs').Comparable[], size: number, rows: number[] }} Group */

/** @param {MockColumn[]} by @param {number[]} numbers @returns {Group[]} */
function groupsOf(by, numbers) {
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const row of numbers) {
    const keys = by.map((column) => comparable(column.value(row)));
    const key = JSON.stringify(keys);
    const group = groups.get(key) ?? { keys, size: 0, rows: [] };
    group.rows.push(row);
    group.size += 1;
    groups.set(key, group);
  }
  if (by.length === 0 && groups.size === 0) return [{ keys: [], size: 0, rows: [] }];
  return [...groups.values()];
}

/** @param {MockDataset} dataset @param {MockColumn[]} by @param {URLSearchParams} parameters
 * @returns {Group[]} */
function virtualGroups(dataset, by, parameters) {
  if (by.length !== 1 || by[0]?.name !== 'category') {
    throw new MockProblem(
      400,
      'bad_parameter',
      'the mock groups its virtual dataset by category only',
    );
  }
  const filter = parameters.get('filter');
  const all = filter === null ? undefined : parseFilter(filter, [...dataset.columns, rowNumber()]);
  const parts = all ? (all.all ?? [all]) : [];
  return CATEGORIES.map((category) => {
    /** @type {import('./filter.mjs').Predicate} */
    const own = {
      test: () => true,
      compares: { column: 'category', operator: '=', literal: category },
    };
    const predicate = { test: () => true, all: [...parts, own] };
    const { length } = progression(predicate, dataset.rows, CATEGORIES);
    return { keys: [category], size: length, rows: [] };
  }).filter(({ size }) => size > 0);
}

/** @param {string} name @param {MockColumn | undefined} column @param {Group} group */
function measured(name, column, group) {
  if (!column) return BigInt(group.size);
  if (group.rows.length < group.size) {
    throw new MockProblem(400, 'bad_parameter', 'the mock only counts its virtual dataset');
  }
  const found = group.rows
    .map((row) => comparable(column.value(row)))
    .filter((value) => value !== null);
  if (name === 'count') return BigInt(found.length);
  if (found.length === 0) return null;
  const numbers = found.map(Number);
  const sum = numbers.reduce((a, b) => a + b, 0);
  if (name === 'sum') return sum;
  if (name === 'mean') return sum / numbers.length;
  return numbers.reduce((a, b) => (name === 'min' ? Math.min(a, b) : Math.max(a, b)));
}

/** @param {MockColumn} column @param {Selection} selection */
function numbersOf(column, selection) {
  const kind = kindOf(column.type);
  if (kind !== 'number' && kind !== 'time') return [];
  return each(selection)
    .map((row) => column.value(row))
    .filter((value) => value !== null)
    .map(Number);
}

/** @param {Selection} selection */
function each({ length, at }) {
  if (length > 1e6) {
    throw new MockProblem(400, 'bad_parameter', 'the mock does not look at each of so many rows');
  }
  return Array.from({ length }, (_, index) => at(index));
}

/** @param {string} version @param {string} completeness @param {number} count @param {number} total */
function facts(version, completeness, count, total) {
  return new Map([
    ['bowshot.version', version],
    ['bowshot.completeness', completeness],
    ['bowshot.rows', String(count)],
    ['bowshot.total_rows', String(total)],
  ]);
}

/** @param {string} version @param {[string, import('apache-arrow').DataType, unknown[]][]} columns
 * @param {Map<string, string>} [metadata] */
function batchOf(version, columns, metadata = facts(version, 'exact', 1, 1)) {
  const length = columns[0]?.[2].length ?? 0;
  const fields = columns.map(([name, type]) => new Field(name, type, true));
  const children = columns.map(
    ([, type, cells]) => vectorFromArray(cells, type).data[0] ?? makeData({ type }),
  );
  const data = makeData({ type: new Struct(fields), length, children });
  return new RecordBatch(new Schema(fields, metadata), data);
}
