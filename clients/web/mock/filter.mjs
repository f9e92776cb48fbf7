// A corner of CQL2 for the mock server: comparisons of a column with a literal, joined by AND.

/** What a problem document says. */
export class MockProblem extends Error {
  /** @param {number} status @param {string} code @param {string} detail
   * @param {Record<string, unknown>} [more] */
  constructor(status, code, detail, more = {}) {
    super(detail);
    this.status = status;
    this.body = {
      type: `urn:bowshot:error:${code}`,
      title: TITLES[code] ?? code,
      status,
      detail,
      code,
      ...more,
    };
  }
}

/** @type {Record<string, string>} */
const TITLES = {
  bad_filter: 'The filter is not valid CQL2',
  unknown_column: 'The dataset has no such column',
  type_mismatch: 'The types do not fit',
  unknown_dataset: 'There is no such dataset',
  overloaded: 'The server has too much to do',
  internal: 'The server made a mistake',
  version_changed: 'The dataset has another version now',
};

/**
 * @typedef {{ column: import('./datasets.mjs').MockColumn, operator: string, value: number | string }} Term
 */

/** @param {string} text @param {import('./datasets.mjs').MockDataset} dataset @returns {Term[]} */
export function parseFilter(text, dataset) {
  const tokens = [
    ...text.matchAll(/"[^"]*"|'[^']*'|[\p{L}_][\p{L}\p{N}_]*|-?[\d.]+|<=|>=|<>|[<>=]|\S/gu),
  ];
  /** @type {Term[]} */
  const terms = [];
  for (let at = 0; ; at += 4) {
    terms.push(parseTerm(text, tokens.slice(at, at + 3), dataset));
    const joint = tokens[at + 3];
    if (!joint) return terms;
    if (joint[0].toUpperCase() !== 'AND')
      throw problemAt(text, joint.index, 'bad_filter', `expected AND or the end, got ${joint[0]}`);
  }
}

/** @param {string} text @param {RegExpMatchArray[]} tokens
 * @param {import('./datasets.mjs').MockDataset} dataset @returns {Term} */
function parseTerm(text, [name, operator, literal], dataset) {
  const end = text.length;
  if (!name) throw problemAt(text, end, 'bad_filter', 'a predicate is missing at the end');
  const column = dataset.columns.find(
    (candidate) => candidate.name === name[0].replaceAll('"', ''),
  );
  if (!column) {
    const suggestions = dataset.columns
      .map((candidate) => candidate.name)
      .filter((candidate) => candidate.slice(0, 2) === name[0].slice(0, 2));
    throw problemAt(text, name.index ?? 0, 'unknown_column', `there is no column ${name[0]}`, {
      suggestions,
    });
  }
  if (!operator) throw problemAt(text, end, 'bad_filter', 'an operator is missing at the end');
  if (!/^(<=|>=|<>|[<>=])$/.test(operator[0])) {
    throw problemAt(
      text,
      operator.index ?? 0,
      'bad_filter',
      `expected an operator, got ${operator[0]}`,
    );
  }
  if (!literal) throw problemAt(text, end, 'bad_filter', 'a value is missing at the end');
  const isText = literal[0].startsWith("'");
  if (isText !== (column.type === 'utf8')) {
    throw problemAt(
      text,
      literal.index ?? 0,
      'type_mismatch',
      `${column.name} is ${column.type}, and cannot be compared with ${literal[0]}`,
    );
  }
  const value = isText ? literal[0].slice(1, -1) : Number(literal[0]);
  return { column, operator: operator[0], value };
}

/** @param {Term[]} terms @param {number} row */
export function matches(terms, row) {
  return terms.every(({ column, operator, value }) => {
    const cell = column.value(row);
    if (cell === null) return false;
    const left = typeof cell === 'bigint' ? Number(cell) : /** @type {number | string} */ (cell);
    switch (operator) {
      case '<':
        return left < value;
      case '<=':
        return left <= value;
      case '>':
        return left > value;
      case '>=':
        return left >= value;
      case '=':
        return left === value;
      default:
        return left !== value;
    }
  });
}

/** The rows [first, end) of a virtual dataset that terms over `id` keep. @param {Term[]} terms
 * @param {number} rows */
export function interval(terms, rows) {
  let first = 0;
  let end = rows;
  for (const { column, operator, value } of terms) {
    if (column.name !== 'id' || operator === '<>') {
      throw new MockProblem(400, 'bad_filter', 'the mock filters its virtual dataset by id only');
    }
    const id = Number(value);
    if (operator === '<') end = Math.min(end, Math.ceil(id));
    if (operator === '<=') end = Math.min(end, Math.floor(id) + 1);
    if (operator === '>') first = Math.max(first, Math.floor(id) + 1);
    if (operator === '>=') first = Math.max(first, Math.ceil(id));
    if (operator === '=') [first, end] = [Math.max(first, id), Math.min(end, id + 1)];
  }
  return { first, end: Math.max(first, end) };
}

/** @param {string} text @param {number} index @param {string} code @param {string} detail
 * @param {Record<string, unknown>} [more] */
function problemAt(text, index, code, detail, more) {
  const position = Buffer.byteLength(text.slice(0, index));
  return new MockProblem(400, code, detail, { parameter: 'filter', position, ...more });
}
