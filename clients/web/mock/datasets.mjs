// The datasets of the mock server: rows computed from their number, so that 10^9 of them cost nothing.
import {
  Bool,
  Field,
  Float64,
  Int32,
  Int64,
  RecordBatch,
  Schema,
  Struct,
  Timestamp,
  TimeUnit,
  Utf8,
  makeData,
  vectorFromArray,
} from 'apache-arrow';

/**
 * @typedef {{ name: string, type: string, nullable: boolean, arrow: import('apache-arrow').DataType,
 *   value: (row: number) => unknown }} MockColumn
 * @typedef {{ name: string, rows: number, version: number, columns: MockColumn[],
 *   isVirtual: boolean }} MockDataset
 */

export const CATEGORIES =
  'amber azure coral ebony fawn gold hazel ivory jade khaki lilac mauve navy ochre pearl quartz rose sable teal umber'.split(
    ' ',
  );
const CARRIERS = ['American', 'Delta', 'JetBlue', 'Southwest', 'United'];
const AIRPORTS = 'ATL ORD DFW LAX PHX DEN IAH LAS DTW MSP SLC STL EWR SFO CLT'.split(' ');

/** A number from 0 to 1 that depends on the row alone. @param {number} row @param {number} salt */
export function noise(row, salt) {
  let bits = (row ^ Math.imul(Math.floor(row / 4294967296) + salt, 0x9e3779b1)) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 4294967296;
}

/** @param {string} name @param {string} type @param {import('apache-arrow').DataType} arrow
 * @param {(row: number) => unknown} value @param {boolean} [nullable] @returns {MockColumn} */
function column(name, type, arrow, value, nullable = false) {
  return { name, type, arrow, value, nullable };
}

const micros = new Timestamp(TimeUnit.MICROSECOND);

/** @returns {MockDataset[]} */
export function makeDatasets() {
  const start = Date.UTC(2001, 0, 1);
  return [
    {
      name: 'billion',
      rows: 1e9,
      version: 1,
      isVirtual: true,
      columns: [
        column('id', 'int64', new Int64(), (row) => BigInt(row)),
        column('ts', 'timestamp[us]', micros, (row) => start + row * 25),
        column('category', 'utf8', new Utf8(), (row) => CATEGORIES[row % 20]),
        column(
          'value',
          'float64',
          new Float64(),
          (row) => Math.round(noise(row, 1) ** 4 * 1e8) / 100,
        ),
        column('qty', 'int32', new Int32(), (row) => (row % 11 === 3 ? null : row % 5000), true),
        column(
          'lon',
          'float64',
          new Float64(),
          (row) => Math.round(noise(row, 2) * 36e6 - 18e6) / 1e5,
        ),
        column(
          'lat',
          'float64',
          new Float64(),
          (row) => Math.round(noise(row, 3) * 18e6 - 9e6) / 1e5,
        ),
        column('is_open', 'bool', new Bool(), (row) => row % 3 === 0),
      ],
    },
    {
      name: 'empty',
      rows: 0,
      version: 1,
      isVirtual: false,
      columns: [column('id', 'int64', new Int64(), () => 0n)],
    },
    {
      name: 'flights',
      rows: 20_000,
      version: 1,
      isVirtual: false,
      columns: [
        column('date', 'timestamp[us]', micros, (row) => start + row * 79_000),
        column('delay', 'int64', new Int64(), (row) =>
          BigInt(Math.round(noise(row, 4) ** 3 * 400 - 30)),
        ),
        column('distance', 'int64', new Int64(), (row) =>
          BigInt(Math.round(60 + noise(row, 5) * 2400)),
        ),
        column('origin', 'utf8', new Utf8(), (row) => AIRPORTS[Math.floor(noise(row, 6) * 15)]),
        column(
          'destination',
          'utf8',
          new Utf8(),
          (row) => AIRPORTS[Math.floor(noise(row, 7) * 15)],
        ),
        column(
          'carrier',
          'utf8',
          new Utf8(),
          (row) => (row % 17 === 5 ? null : CARRIERS[Math.floor(noise(row, 8) ** 2 * 5)]),
          true,
        ),
        column('is_late', 'bool', new Bool(), (row) => noise(row, 4) ** 3 * 400 - 30 > 30),
      ],
    },
  ];
}

/** Rows by their numbers, as a record batch. @param {MockColumn[]} columns
 * @param {number[]} rows @param {Map<string, string>} metadata */
export function makeBatch(columns, rows, metadata) {
  const fields = columns.map(({ name, arrow, nullable }) => new Field(name, arrow, nullable));
  const children = columns.map(({ arrow, value }) => vectorOf(arrow, rows.map(value)));
  const data = makeData({ type: new Struct(fields), length: rows.length, children });
  return new RecordBatch(new Schema(fields, metadata), data);
}

/** @param {import('apache-arrow').DataType} type @param {unknown[]} values */
function vectorOf(type, values) {
  const vector = vectorFromArray(values, type);
  return vector.data[0] ?? makeData({ type });
}
