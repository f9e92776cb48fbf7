import type { Bound, ColumnCondition } from '@bowshot/client';

/** What a range form shows: text as it is typed; empty means open. */
export interface RangeText {
  from: string;
  to: string;
}

const OPEN: RangeText = { from: '', to: '' };

/** The texts of a condition, as the form's inputs have them; both empty where it is no range. */
export function rangeText(condition: ColumnCondition | undefined, type: string): RangeText {
  if (condition?.kind === 'values' && condition.literals.length === 1 && !condition.hasNull) {
    const text = boundText(condition.literals[0]!);
    return { from: text, to: text };
  }
  if (condition?.kind !== 'range') return OPEN;
  const { lower, upper } = condition;
  return {
    from: lower ? boundText(lower.literal) : '',
    to: upper ? (lastDay(upper, type) ?? boundText(upper.literal)) : '',
  };
}

/** Of timestamps before a day the last day that they reach. */
function lastDay({ literal, isInclusive }: Bound, type: string): string | undefined {
  const [, day] = (type.startsWith('timestamp') && /^DATE\('(.*)'\)$/.exec(literal)) || [];
  return day === undefined || isInclusive ? undefined : daysLater(day, -1);
}

function boundText(literal: string): string {
  const [, time] = /^(?:DATE|TIMESTAMP)\('(.*)'\)$/.exec(literal) ?? [];
  return time === undefined ? literal : time.replace(/Z$/, '');
}

/** The literal of a text that a reader typed; undefined where it is none for the column's type. */
export function boundLiteral(text: string, type: string): string | undefined {
  const trimmed = text.trim();
  if (type.startsWith('timestamp') || type === 'date32') return timeLiteral(trimmed, type);
  const plain = trimmed.replaceAll(/[,_\s]/g, '');
  return /^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain) ? plain : undefined;
}

function timeLiteral(text: string, type: string): string | undefined {
  const [, date, time = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)Z?)?$/.exec(text) ?? [];
  if (date === undefined || Number.isNaN(Date.parse(date))) return undefined;
  if (time === '' || type === 'date32') return `DATE('${date}')`;
  const seconds = time.length === 5 ? `${time}:00` : time;
  return `TIMESTAMP('${date}T${seconds}Z')`;
}

/**
 * The condition after the form's texts were changed; undefined where both are open now, and `wrong` where
 * one cannot be read. A bound whose text is as it was stays as the filter has it, its own value left out
 * or not.
 */
export function changedRange(
  condition: ColumnCondition | undefined,
  { from, to }: RangeText,
  type: string,
): ColumnCondition | undefined | 'wrong' {
  const before = rangeText(condition, type);
  const kept = condition?.kind === 'range' ? condition : { lower: undefined, upper: undefined };
  const lower = kept.lower && from === before.from ? kept.lower : lowerBound(from, type);
  const upper = kept.upper && to === before.to ? kept.upper : upperBound(to, type);
  if (lower === 'wrong' || upper === 'wrong') return 'wrong';
  return lower || upper ? { kind: 'range', lower, upper } : undefined;
}

function lowerBound(text: string, type: string): Bound | undefined | 'wrong' {
  if (text === '') return undefined;
  const literal = boundLiteral(text, type);
  return literal === undefined ? 'wrong' : { literal, isInclusive: true };
}

/** A day without a time of day is the whole of it: of timestamps everything before the next one. */
function upperBound(text: string, type: string): Bound | undefined | 'wrong' {
  const bound = lowerBound(text, type);
  if (bound === undefined || bound === 'wrong' || !type.startsWith('timestamp')) return bound;
  const [, day] = /^DATE\('(.*)'\)$/.exec(bound.literal) ?? [];
  return day === undefined
    ? bound
    : { literal: `DATE('${daysLater(day, 1)}')`, isInclusive: false };
}

/** Where a lower bound stands on a histogram's axis. */
export function lowerPosition(text: string, type: string): number | undefined {
  const literal = text === '' ? undefined : boundLiteral(text, type);
  if (literal === undefined) return undefined;
  const [, time] = /^(?:DATE|TIMESTAMP)\('(.*)'\)$/.exec(literal) ?? [];
  return time === undefined ? Number(literal) : Date.parse(time);
}

/** Where an upper bound stands: a day of timestamps at its end. */
export function upperPosition(text: string, type: string): number | undefined {
  const position = lowerPosition(text, type);
  const bound = upperBound(text, type);
  const isWholeDay = typeof bound === 'object' && !bound.isInclusive;
  return position !== undefined && isWholeDay ? position + DAY_MS - 1 : position;
}

const DAY_MS = 86_400_000;

function daysLater(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}
