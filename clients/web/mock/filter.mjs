// CQL2 text for the mock server, as far as the page writes it: comparisons, BETWEEN, IN, LIKE, CASEI,
// IS NULL, AND, OR, NOT. A predicate is a function of the row's number; null is unknown.

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
  bad_parameter: 'A parameter is not valid',
  out_of_memory: 'The request needs more memory than it may use',
  unknown_column: 'The dataset has no such column',
  type_mismatch: 'The types do not fit',
  unknown_dataset: 'There is no such dataset',
  overloaded: 'The server has too much to do',
  internal: 'The server made a mistake',
  version_changed: 'The dataset has another version now',
};

/**
 * @typedef {import('./datasets.mjs').MockColumn} MockColumn
 * @typedef {number | string | boolean | null} Comparable
 * @typedef {{ kind: 'number' | 'text' | 'time' | 'boolean', column?: string, literal?: Comparable,
 *   value: (row: number) => Comparable }} Operand
 * @typedef {{ test: (row: number) => boolean | null, all?: Predicate[],
 *   compares?: { column: string, operator: string, literal: Comparable } }} Predicate
 */

const TOKEN =
  /"(?:[^"]|"")*"|'(?:[^']|'')*'|[\p{L}_][\p{L}\p{N}_.]*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|<=|>=|<>|\S/gu;

/** @param {string} text @param {MockColumn[]} columns @returns {Predicate} */
export function parseFilter(text, columns) {
  const parser = new Parser(text, columns);
  const predicate = parser.either();
  parser.expectEnd();
  return predicate;
}

class Parser {
  at = 0;

  /** @param {string} text @param {MockColumn[]} columns */
  constructor(text, columns) {
    this.text = text;
    this.columns = columns;
    this.tokens = [...text.matchAll(TOKEN)];
  }

  /** @returns {Predicate} */
  either() {
    const parts = [this.both()];
    while (this.takes('OR')) parts.push(this.both());
    const [first] = parts;
    if (parts.length === 1 && first) return first;
    return {
      test: (row) => {
        const found = parts.map((part) => part.test(row));
        return found.includes(true) ? true : found.includes(null) ? null : false;
      },
    };
  }

  /** @returns {Predicate} */
  both() {
    const parts = [this.negated()];
    while (this.takes('AND')) parts.push(this.negated());
    return allOf(parts);
  }

  /** @returns {Predicate} */
  negated() {
    if (!this.takes('NOT')) return this.primary();
    return not(this.primary());
  }

  /** @returns {Predicate} */
  primary() {
    if (this.takes('(')) {
      const inner = this.either();
      this.expect(')');
      return inner;
    }
    const left = this.operand();
    if (this.takes('IS')) {
      const isNegated = this.takes('NOT');
      this.expect('NULL');
      return { test: (row) => (left.value(row) === null) !== isNegated };
    }
    const isNegated = this.takes('NOT');
    if (this.takes('BETWEEN')) {
      const low = this.compared(left, '>=');
      this.expect('AND');
      const between = allOf([low, this.compared(left, '<=')]);
      return isNegated ? not(between) : between;
    }
    if (this.takes('IN')) return isNegated ? not(this.among(left)) : this.among(left);
    if (this.takes('LIKE')) return isNegated ? not(this.like(left)) : this.like(left);
    const operator = this.next();
    if (!operator && left.kind === 'boolean') return { test: (row) => boolean(left.value(row)) };
    if (!operator) throw this.problem(undefined, 'bad_filter', 'an operator is missing at the end');
    if (!/^(<=|>=|<>|[<>=])$/.test(operator[0])) {
      if (left.kind !== 'boolean') {
        throw this.problem(operator, 'bad_filter', `expected an operator, got ${operator[0]}`);
      }
      this.at -= 1;
      return { test: (row) => boolean(left.value(row)) };
    }
    return this.compared(left, operator[0]);
  }

  /** @param {Operand} left @param {string} operator @returns {Predicate} */
  compared(left, operator) {
    const token = this.tokens[this.at];
    if (!token) throw this.problem(undefined, 'bad_filter', 'a value is missing at the end');
    const right = this.operand();
    if (left.kind !== right.kind) {
      const detail = `${left.column} is ${left.kind}, and cannot be compared with ${token[0]}`;
      throw this.problem(token, 'type_mismatch', detail);
    }
    return {
      test: (row) => compare(left.value(row), operator, right.value(row)),
      ...(left.column !== undefined &&
        right.literal !== undefined && {
          compares: { column: left.column, operator, literal: right.literal },
        }),
    };
  }

  /** @param {Operand} left @returns {Predicate} */
  among(left) {
    this.expect('(');
    const parts = [this.compared(left, '=')];
    while (this.takes(',')) parts.push(this.compared(left, '='));
    this.expect(')');
    return {
      test: (row) => (left.value(row) === null ? null : parts.some((part) => part.test(row))),
    };
  }

  /** @param {Operand} left @returns {Predicate} */
  like(left) {
    const pattern = String(this.operand().value(0));
    const source = pattern.replace(/\\(.)|%|_|[^\\%_]+/gsu, (part, escaped) =>
      part === '%' ? '.*' : part === '_' ? '.' : literally(escaped ?? part),
    );
    const expression = new RegExp(`^${source}$`, 'su');
    return {
      test: (row) => {
        const value = left.value(row);
        return value === null ? null : expression.test(String(value));
      },
    };
  }

  /** @returns {Operand} */
  operand() {
    const token = this.next();
    if (!token) throw this.problem(undefined, 'bad_filter', 'a predicate is missing at the end');
    const [text] = token;
    const word = text.toUpperCase();
    if (word === '-') {
      const value = Number(this.operand().value(0));
      return literal('number', -value);
    }
    if (/^[\d.]/.test(text)) return literal('number', Number(text));
    if (text.startsWith("'")) return literal('text', text.slice(1, -1).replaceAll("''", "'"));
    if (word === 'TRUE' || word === 'FALSE') return literal('boolean', word === 'TRUE');
    const isCall = this.tokens[this.at]?.[0] === '(';
    if (isCall && (word === 'DATE' || word === 'TIMESTAMP')) {
      const time = String(this.inParentheses().value(0));
      return literal('time', Date.parse(word === 'DATE' ? `${time}T00:00:00Z` : time));
    }
    if (isCall && word === 'CASEI') {
      const inner = this.inParentheses();
      return { kind: 'text', value: (row) => lower(inner.value(row)) };
    }
    return this.column(token);
  }

  /** @returns {Operand} */
  inParentheses() {
    this.expect('(');
    const inner = this.operand();
    this.expect(')');
    return inner;
  }

  /** @param {RegExpMatchArray} token @returns {Operand} */
  column(token) {
    const name = token[0].startsWith('"') ? token[0].slice(1, -1).replaceAll('""', '"') : token[0];
    const column = this.columns.find((candidate) => candidate.name === name);
    if (!column) {
      const suggestions = this.columns
        .map((candidate) => candidate.name)
        .filter((candidate) => candidate.slice(0, 2) === name.slice(0, 2));
      throw this.problem(token, 'unknown_column', `there is no column ${token[0]}`, {
        suggestions,
      });
    }
    return {
      kind: kindOf(column.type),
      column: name,
      value: (row) => comparable(column.value(row)),
    };
  }

  next() {
    const token = this.tokens[this.at];
    this.at += 1;
    return token;
  }

  /** @param {string} word */
  takes(word) {
    if (this.tokens[this.at]?.[0].toUpperCase() !== word) return false;
    this.at += 1;
    return true;
  }

  /** @param {string} word */
  expect(word) {
    const token = this.tokens[this.at];
    if (this.takes(word)) return;
    const found = token ? token[0] : 'the end';
    throw this.problem(token, 'bad_filter', `expected ${word}, got ${found}`);
  }

  expectEnd() {
    const token = this.tokens[this.at];
    if (token) throw this.problem(token, 'bad_filter', `expected AND or the end, got ${token[0]}`);
  }

  /** @param {RegExpMatchArray | undefined} token @param {string} code @param {string} detail
   * @param {Record<string, unknown>} [more] */
  problem(token, code, detail, more) {
    const position = Buffer.byteLength(this.text.slice(0, token?.index ?? this.text.length));
    return new MockProblem(400, code, detail, { parameter: 'filter', position, ...more });
  }
}

/** @param {Predicate[]} parts @returns {Predicate} */
function allOf(parts) {
  const [first] = parts;
  if (parts.length === 1 && first) return first;
  return {
    all: parts.flatMap((part) => part.all ?? [part]),
    test: (row) => {
      const found = parts.map((part) => part.test(row));
      return found.includes(false) ? false : found.includes(null) ? null : true;
    },
  };
}

/** @param {Predicate} inner @returns {Predicate} */
function not(inner) {
  return {
    test: (row) => {
      const found = inner.test(row);
      return found === null ? null : !found;
    },
  };
}

/** @param {Operand['kind']} kind @param {Comparable} value @returns {Operand} */
function literal(kind, value) {
  return { kind, literal: value, value: () => value };
}

/** @param {Comparable} left @param {string} operator @param {Comparable} right */
function compare(left, operator, right) {
  if (left === null || right === null) return null;
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '=':
      return left === right;
    default:
      return left !== right;
  }
}

/** @param {unknown} value @returns {Comparable} */
export function comparable(value) {
  return typeof value === 'bigint' ? Number(value) : /** @type {Comparable} */ (value);
}

/** @param {Comparable} value */
function boolean(value) {
  return value === null ? null : value === true;
}

/** @param {Comparable} value */
function lower(value) {
  return value === null ? null : String(value).toLowerCase();
}

/** @param {string} text */
function literally(text) {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** @param {string} type @returns {Operand['kind']} */
export function kindOf(type) {
  if (type === 'utf8') return 'text';
  if (type === 'bool') return 'boolean';
  return /^(timestamp|date)/.test(type) ? 'time' : 'number';
}

/**
 * The rows that a filter keeps of a dataset that is too long to look at each: every predicate compares
 * `id` or `_row`, or asks for one category, which repeats every 20 rows.
 * @param {Predicate | undefined} predicate @param {number} rows @param {readonly string[]} categories
 */
export function progression(predicate, rows, categories) {
  let first = 0;
  let end = rows;
  let step = 1;
  let phase = 0;
  for (const { compares } of predicate ? (predicate.all ?? [predicate]) : []) {
    const number = Number(compares?.literal);
    const isRow = compares?.column === 'id' || compares?.column === '_row';
    if (compares?.column === 'category' && compares.operator === '=') {
      step = categories.length;
      phase = categories.indexOf(String(compares.literal));
    } else if (!isRow || compares?.operator === '<>') {
      throw new MockProblem(400, 'bad_filter', 'the mock filters its virtual dataset by id only');
    } else if (compares.operator === '<') end = Math.min(end, Math.ceil(number));
    else if (compares.operator === '<=') end = Math.min(end, Math.floor(number) + 1);
    else if (compares.operator === '>') first = Math.max(first, Math.floor(number) + 1);
    else if (compares.operator === '>=') first = Math.max(first, Math.ceil(number));
    else [first, end] = [Math.max(first, number), Math.min(end, number + 1)];
  }
  if (phase < 0) return { first: 0, step: 1, length: 0 };
  const start = first + ((((phase - first) % step) + step) % step);
  return { first: start, step, length: Math.max(0, Math.ceil((end - start) / step)) };
}
