import {
  isNumericType,
  spellName,
  spellText,
  type ColumnInfo,
  type ColumnProfile,
} from '@bowshot/client';

/** Those that teach most first. */
const KINDS = ['number', 'text', 'time', 'bool'] as const;
type Kind = (typeof KINDS)[number] | 'other';
const CONDITIONS = 2;
/** A longer value would push the rest out of the box. */
const TEXT_MAX = 24;

/**
 * A filter that this dataset takes, with values that it has where its profile is known: a number above
 * its median, a text that is frequent, the last month.
 */
export function exampleFilter(
  columns: readonly ColumnInfo[],
  profiles: ReadonlyMap<string, ColumnProfile> | undefined,
): string {
  // The first of each kind: two alike teach nothing more than one.
  const examples = new Map<Kind, string>();
  for (const column of columns) {
    const kind = kindOf(column.type);
    const example = examples.get(kind) ?? exampleOf(column, profiles?.get(column.name));
    if (example !== undefined) examples.set(kind, example);
  }
  return KINDS.flatMap((kind) => examples.get(kind) ?? [])
    .slice(0, CONDITIONS)
    .join(' AND ');
}

function kindOf(type: string): Kind {
  if (isNumericType(type)) return 'number';
  if (type === 'utf8' || type.startsWith('dictionary')) return 'text';
  if (/^(date|timestamp)/.test(type)) return 'time';
  return type === 'bool' ? 'bool' : 'other';
}

function exampleOf({ name, type }: ColumnInfo, profile?: ColumnProfile): string | undefined {
  const column = spellName(name);
  switch (kindOf(type)) {
    case 'number':
      return numberExample(column, profile);
    case 'text': {
      const value = profile?.top?.find((top) => isPlain(top.value))?.value;
      return value === undefined ? `${column} LIKE 'A%'` : `${column} = ${spellText(value)}`;
    }
    case 'time': {
      const month = /^\d{4}-\d\d(?=-\d\d)/.exec(profile?.max ?? '')?.[0];
      return month && `${column} >= DATE('${month}-01')`;
    }
    case 'bool':
      return column;
    case 'other':
      return undefined;
  }
}

/** Numbers of a column without a spread tell nothing; without a profile 0 is a number of most. */
function numberExample(column: string, profile?: ColumnProfile): string | undefined {
  if (!profile) return `${column} > 0`;
  const { median, min, max } = profile;
  if (median === null || min === max) return undefined;
  return `${column} > ${Number(median.toPrecision(3))}`;
}

function isPlain(text: string): boolean {
  return text !== '' && text.length <= TEXT_MAX && !/[\n\r\t]/.test(text);
}
