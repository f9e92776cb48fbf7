import type { Bound, ColumnCondition } from '@bowshot/client';

/** What a range form shows: text as it is typed; empty means open. */
export interface RangeText {
  from: string;
  to: string;
}

/** The texts of a condition, as the form's inputs have them; undefined where it is no range. */
export function rangeText(condition: ColumnCondition | undefined): RangeText | undefined {
  if (condition?.kind === 'values' && condition.literals.length === 1 && !condition.hasNull) {
    const text = boundText(condition.literals[0]!);
    return { from: text, to: text };
  }
  if (condition?.kind !== 'range') return undefined;
  const { lower, upper } = condition;
  return { from: lower ? boundText(lower.literal) : '', to: upper ? boundText(upper.literal) : '' };
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
 * The condition that two texts say, both ends included; `undefined` bounds are open. A day without a
 * time of day is the whole of it: as an upper bound of timestamps everything before the next one.
 */
export function rangeCondition(
  { from, to }: { from: string | undefined; to: string | undefined },
  type: string,
): ColumnCondition | undefined {
  if (from === undefined && to === undefined) return undefined;
  const lower = from === undefined ? undefined : inclusive(from);
  const [, day] = (type.startsWith('timestamp') && /^DATE\('(.*)'\)$/.exec(to ?? '')) || [];
  if (day !== undefined) {
    const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
    return { kind: 'range', lower, upper: { literal: `DATE('${next}')`, isInclusive: false } };
  }
  return { kind: 'range', lower, upper: to === undefined ? undefined : inclusive(to) };
}

function inclusive(literal: string): Bound {
  return { literal, isInclusive: true };
}
