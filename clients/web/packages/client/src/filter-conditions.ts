import { spellText } from './cell-literal.js';
import { spellName } from './request.js';

/**
 * What a filter says about one column, as far as a form can show it. Literals are CQL2: `5`, `'ATL'`,
 * `DATE('2001-01-01')`.
 */
export type ColumnCondition =
  | { kind: 'range'; lower?: Bound | undefined; upper?: Bound | undefined }
  | { kind: 'values'; literals: readonly string[]; hasNull: boolean }
  | { kind: 'text'; match: TextMatch; text: string }
  | { kind: 'null'; isNull: boolean };

export interface Bound {
  literal: string;
  isInclusive: boolean;
}

/** In any case of letters. */
export type TextMatch = 'contains' | 'starts';

/** The conditions that a filter puts on single columns; what else it says is left out. */
export function columnConditions(filter: string): Map<string, ColumnCondition> {
  const conditions = new Map<string, ColumnCondition>();
  for (const part of partsOf(filter) ?? []) {
    const { column, condition } = part;
    if (column === undefined || !condition) continue;
    conditions.set(column, merged(conditions.get(column), condition));
  }
  return conditions;
}

/**
 * The filter with another condition on a column, or with none; everything else stays as it was
 * written. Undefined where the filter's text is broken: there it must be mended first.
 */
export function withCondition(
  filter: string,
  column: string,
  condition: ColumnCondition | undefined,
): string | undefined {
  const parts = partsOf(filter);
  if (!parts) return undefined;
  const spelled = condition && spellCondition(column, condition);
  const texts: string[] = [];
  let isPlaced = spelled === undefined;
  for (const part of parts) {
    if (part.column !== column) texts.push(part.text);
    else if (!isPlaced) {
      texts.push(spelled!);
      isPlaced = true;
    }
  }
  if (!isPlaced) texts.push(spelled!);
  // A single part that is a chain of ORs is only wrapped where something is added to it.
  return texts.length === 1 ? unwrapped(texts[0]!) : texts.join(' AND ');
}

export function spellCondition(column: string, condition: ColumnCondition): string | undefined {
  const name = spellName(column);
  switch (condition.kind) {
    case 'range':
      return spellRange(name, condition.lower, condition.upper);
    case 'values':
      return spellValues(name, condition.literals, condition.hasNull);
    case 'text': {
      if (condition.text === '') return undefined;
      const pattern = condition.text.replace(/[\\%_]/g, '\\$&');
      const prefix = condition.match === 'contains' ? '%' : '';
      return `CASEI(${name}) LIKE CASEI(${spellText(`${prefix}${pattern}%`)})`;
    }
    case 'null':
      return `${name} IS ${condition.isNull ? '' : 'NOT '}NULL`;
  }
}

function spellRange(name: string, lower: Bound | undefined, upper: Bound | undefined) {
  if (lower?.isInclusive && upper?.isInclusive) {
    return lower.literal === upper.literal
      ? `${name} = ${lower.literal}`
      : `${name} BETWEEN ${lower.literal} AND ${upper.literal}`;
  }
  const parts = [
    lower && `${name} ${lower.isInclusive ? '>=' : '>'} ${lower.literal}`,
    upper && `${name} ${upper.isInclusive ? '<=' : '<'} ${upper.literal}`,
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(' AND ') : undefined;
}

function spellValues(name: string, literals: readonly string[], hasNull: boolean) {
  const [first] = literals;
  const list =
    literals.length > 1
      ? `${name} IN (${literals.join(', ')})`
      : first !== undefined
        ? `${name} = ${first}`
        : undefined;
  if (!hasNull) return list;
  return list === undefined ? `${name} IS NULL` : `(${list} OR ${name} IS NULL)`;
}

interface Token {
  text: string;
  start: number;
  end: number;
}

interface FilterPart {
  text: string;
  /** Where the part is a condition on one column that a form can show. */
  column?: string;
  condition?: ColumnCondition;
}

const TOKEN =
  /"(?:[^"]|"")*"|'(?:[^']|'')*'|[\p{L}_][\p{L}\p{M}\p{Nd}_.]*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|<>|<=|>=|\S/gu;

/** The parts that ANDs at the top join; undefined where quotes or parentheses do not close. */
function partsOf(filter: string): FilterPart[] | undefined {
  const tokens = tokensOf(filter);
  if (tokens.some(({ text }) => text === '"' || text === "'")) return undefined;
  const groups = splitAtAnds(tokens);
  if (!groups) return undefined;
  return groups.map((group) => {
    const text = filter.slice(group[0]!.start, group.at(-1)!.end);
    return { text: groups.hasOr ? `(${text})` : text, ...conditionOf(group) };
  });
}

/** `hasOr`: an OR at the top makes all of it one part. */
function splitAtAnds(tokens: Token[]): (Token[][] & { hasOr?: boolean }) | undefined {
  const groups: Token[][] & { hasOr?: boolean } = [];
  let group: Token[] = [];
  let depth = 0;
  let betweens = 0;
  for (const token of tokens) {
    if (token.text === '(') ++depth;
    if (token.text === ')' && --depth < 0) return undefined;
    const word = depth === 0 ? token.text.toUpperCase() : '';
    if (word === 'BETWEEN') ++betweens;
    if (word === 'OR') groups.hasOr = true;
    if (word === 'AND' && betweens > 0) --betweens;
    else if (word === 'AND') {
      if (group.length === 0) return undefined;
      groups.push(group);
      group = [];
      continue;
    }
    group.push(token);
  }
  if (depth !== 0 || (group.length === 0 && groups.length > 0)) return undefined;
  if (group.length > 0) groups.push(group);
  if (!groups.hasOr || tokens.length === 0) return groups;
  return Object.assign([tokens], { hasOr: true });
}

type Condition = { column: string; condition: ColumnCondition };

function conditionOf(tokens: Token[]): Condition | undefined {
  const words = tokens.map(({ text }) => text);
  return (
    predicate(words) ??
    comparison(words) ??
    between(words) ??
    membership(words) ??
    nullTest(words) ??
    likeness(words) ??
    valuesOrNull(words)
  );
}

/** A boolean column by itself: `is_late`, `NOT is_late`. */
function predicate(words: readonly string[]): Condition | undefined {
  const isNot = words[0]?.toUpperCase() === 'NOT';
  const column = nameOf(words.at(-1));
  if (column === undefined || words.length !== (isNot ? 2 : 1)) return undefined;
  const literals = [isNot ? 'FALSE' : 'TRUE'];
  return { column, condition: { kind: 'values', literals, hasNull: false } };
}

function comparison(words: readonly string[]): Condition | undefined {
  const column = nameOf(words[0]);
  const [, operator = ''] = words;
  const literal = literalAt(words, 2);
  if (column === undefined || !literal || literal.next !== words.length) return undefined;
  const bound = { literal: literal.text, isInclusive: operator.endsWith('=') };
  if (operator === '=') {
    return { column, condition: { kind: 'values', literals: [literal.text], hasNull: false } };
  }
  if (operator === '>' || operator === '>=')
    return { column, condition: { kind: 'range', lower: bound } };
  if (operator === '<' || operator === '<=')
    return { column, condition: { kind: 'range', upper: bound } };
  return undefined;
}

function between(words: readonly string[]): Condition | undefined {
  const column = nameOf(words[0]);
  if (column === undefined || words[1]?.toUpperCase() !== 'BETWEEN') return undefined;
  const lower = literalAt(words, 2);
  if (!lower || words[lower.next]?.toUpperCase() !== 'AND') return undefined;
  const upper = literalAt(words, lower.next + 1);
  if (upper?.next !== words.length) return undefined;
  const inclusive = (literal: string): Bound => ({ literal, isInclusive: true });
  return {
    column,
    condition: { kind: 'range', lower: inclusive(lower.text), upper: inclusive(upper.text) },
  };
}

function membership(words: readonly string[]): Condition | undefined {
  const column = nameOf(words[0]);
  if (column === undefined || words[1]?.toUpperCase() !== 'IN' || words[2] !== '(')
    return undefined;
  const literals: string[] = [];
  for (let at = 3; ;) {
    const literal = literalAt(words, at);
    if (!literal) return undefined;
    literals.push(literal.text);
    at = literal.next + 1;
    if (words[literal.next] === ',') continue;
    const isEnd = words[literal.next] === ')' && at === words.length;
    return isEnd ? { column, condition: { kind: 'values', literals, hasNull: false } } : undefined;
  }
}

function nullTest(words: readonly string[]): Condition | undefined {
  const column = nameOf(words[0]);
  const rest = words.slice(1).join(' ').toUpperCase();
  if (column === undefined || (rest !== 'IS NULL' && rest !== 'IS NOT NULL')) return undefined;
  return { column, condition: { kind: 'null', isNull: rest === 'IS NULL' } };
}

/** `CASEI(x) LIKE CASEI('%y%')` */
function likeness(words: readonly string[]): Condition | undefined {
  if (words.length !== 9) return undefined;
  const [casei, open, name, close, like, caseiToo, openToo, pattern = '', closeToo] = words;
  const shape = [casei, open, close, like, caseiToo, openToo, closeToo].join(' ').toUpperCase();
  const column = nameOf(name);
  if (shape !== 'CASEI ( ) LIKE CASEI ( )' || column === undefined || !isText(pattern)) {
    return undefined;
  }
  const [, start = '', body = ''] = /^(%?)((?:\\.|[^\\%_])*)%$/su.exec(textOf(pattern)) ?? [];
  if (body === '') return undefined;
  const match = start === '%' ? 'contains' : 'starts';
  return { column, condition: { kind: 'text', match, text: body.replace(/\\(.)/gsu, '$1') } };
}

/** `(x IN ('a', 'b') OR x IS NULL)` */
function valuesOrNull(words: readonly string[]): Condition | undefined {
  if (words[0] !== '(' || words.at(-1) !== ')') return undefined;
  const or = words.findIndex((word) => word.toUpperCase() === 'OR');
  const left = words.slice(1, or);
  const values = comparison(left) ?? membership(left);
  const test = nullTest(words.slice(or + 1, -1));
  if (!values || values.condition.kind !== 'values' || test?.column !== values.column)
    return undefined;
  if (test.condition.kind !== 'null' || !test.condition.isNull) return undefined;
  return { column: values.column, condition: { ...values.condition, hasNull: true } };
}

const KEYWORDS = new Set('AND OR NOT IN LIKE BETWEEN IS NULL TRUE FALSE DIV CASEI'.split(' '));

function nameOf(word: string | undefined): string | undefined {
  if (word === undefined) return undefined;
  if (word.startsWith('"')) return word.slice(1, -1).replaceAll('""', '"');
  return /^[\p{L}_]/u.test(word) && !KEYWORDS.has(word.toUpperCase()) ? word : undefined;
}

function literalAt(
  words: readonly string[],
  at: number,
): { text: string; next: number } | undefined {
  const word = words[at] ?? '';
  if (isText(word) || /^[\d.]/.test(word)) return { text: word, next: at + 1 };
  if (/^(TRUE|FALSE)$/i.test(word)) return { text: word.toUpperCase(), next: at + 1 };
  const number = words[at + 1] ?? '';
  if (word === '-' && /^[\d.]/.test(number)) return { text: `-${number}`, next: at + 2 };
  const [, open, time = '', close] = words.slice(at);
  const isTime = /^(DATE|TIMESTAMP)$/i.test(word) && open === '(' && isText(time) && close === ')';
  return isTime ? { text: `${word.toUpperCase()}(${time})`, next: at + 4 } : undefined;
}

function isText(word: string): boolean {
  return word.startsWith("'");
}

/** The text of a quoted literal. */
export function textOf(literal: string): string {
  return literal.slice(1, -1).replaceAll("''", "'");
}

function merged(before: ColumnCondition | undefined, next: ColumnCondition): ColumnCondition {
  if (before?.kind !== 'range' || next.kind !== 'range') return before ?? next;
  return { kind: 'range', lower: before.lower ?? next.lower, upper: before.upper ?? next.upper };
}

/** Without the parentheses that were only put around for an AND. */
function unwrapped(text: string): string {
  if (!text.startsWith('(')) return text;
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '(') ++depth;
    if (token === ')' && --depth === 0) {
      return index === text.length - 1 && !conditionOf(tokensOf(text)) ? text.slice(1, -1) : text;
    }
  }
  return text;
}

function tokensOf(text: string): Token[] {
  return [...text.matchAll(TOKEN)].map(({ 0: token, index }) => ({
    text: token,
    start: index,
    end: index + token.length,
  }));
}
