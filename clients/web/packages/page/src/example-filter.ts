import {
  isNumericType,
  spellName,
  spellText,
  type ColumnInfo,
  type ColumnProfile,
} from '@bowshot/client';

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
  const conditions = columns.flatMap((column) => {
    const example = exampleOf(column, profiles?.get(column.name));
    return example === undefined ? [] : [{ kind: kindOf(column.type), example }];
  });
  // Of different kinds: two alike teach nothing more than one.
  const kinds = new Set<string>();
  const chosen = conditions.filter(({ kind }) => {
    const isNew = !kinds.has(kind);
    kinds.add(kind);
    return isNew;
  });
  return chosen
    .slice(0, CONDITIONS)
    .map(({ example }) => example)
    .join(' AND ');
}

function kindOf(type: string): 'number' | 'text' | 'time' | 'bool' | 'other' {
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
