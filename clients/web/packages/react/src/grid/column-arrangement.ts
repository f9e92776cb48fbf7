import type { ColumnInfo } from '@bowshot/client';

/** How a reader arranged the columns of a grid; plain data, for a URL or a file. Names are the columns'. */
export interface ColumnArrangement {
  /** These stand first, in this order; the others follow in the dataset's. */
  first: readonly string[];
  hidden: readonly string[];
  /** These stay at the left while the others scroll. */
  pinned: readonly string[];
  /** In CSS pixels; the others are as wide as their name and type say. */
  widths: Readonly<Record<string, number>>;
}

export const NATURAL_ARRANGEMENT: ColumnArrangement = {
  first: [],
  hidden: [],
  pinned: [],
  widths: {},
};

export interface ArrangedColumn {
  info: ColumnInfo;
  /** Index among the dataset's columns. */
  source: number;
  isPinned: boolean;
}

/** The columns that are shown, from left to right: pinned ones first. */
export function arrange(
  columns: readonly ColumnInfo[],
  arrangement: ColumnArrangement,
): ArrangedColumn[] {
  const hidden = new Set(arrangement.hidden);
  const pinned = new Set(arrangement.pinned);
  const sources = new Map(columns.map(({ name }, source) => [name, source]));
  const shown = orderedNames(columns, arrangement).filter((name) => !hidden.has(name));
  const arranged = shown.map((name) => {
    const source = sources.get(name)!;
    return { info: columns[source]!, source, isPinned: pinned.has(name) };
  });
  return [...arranged.filter((column) => column.isPinned), ...arranged.filter((c) => !c.isPinned)];
}

/** Puts a column before another one, or last; it is pinned where its new neighbour is. */
export function moveColumn(
  columns: readonly ColumnInfo[],
  arrangement: ColumnArrangement,
  name: string,
  before: string | undefined,
): ColumnArrangement {
  if (name === before) return arrangement;
  const isPinned =
    before === undefined
      ? arrangement.pinned.length > 0 && arrange(columns, arrangement).at(-1)!.isPinned
      : arrangement.pinned.includes(before);
  // As they stand on the screen: pinned ones lead.
  const pinnedFirst = [
    ...orderedNames(columns, arrangement).filter((other) => arrangement.pinned.includes(other)),
    ...orderedNames(columns, arrangement).filter((other) => !arrangement.pinned.includes(other)),
  ];
  const names = pinnedFirst.filter((other) => other !== name);
  const at = before === undefined ? names.length : names.indexOf(before);
  names.splice(at < 0 ? names.length : at, 0, name);
  return {
    ...arrangement,
    first: shortestFirst(columns, names),
    pinned: withName(arrangement.pinned, name, isPinned),
  };
}

export function hideColumn(arrangement: ColumnArrangement, name: string): ColumnArrangement {
  return { ...arrangement, hidden: withName(arrangement.hidden, name, true) };
}

export function showColumn(arrangement: ColumnArrangement, name: string): ColumnArrangement {
  return { ...arrangement, hidden: withName(arrangement.hidden, name, false) };
}

export function pinColumn(
  arrangement: ColumnArrangement,
  name: string,
  isPinned: boolean,
): ColumnArrangement {
  return { ...arrangement, pinned: withName(arrangement.pinned, name, isPinned) };
}

export function resizeColumn(
  arrangement: ColumnArrangement,
  name: string,
  width: number,
): ColumnArrangement {
  return { ...arrangement, widths: { ...arrangement.widths, [name]: Math.round(width) } };
}

function withName(names: readonly string[], name: string, isIn: boolean): readonly string[] {
  if (names.includes(name) === isIn) return names;
  return isIn ? [...names, name] : names.filter((other) => other !== name);
}

/** All names, hidden ones too; a name that the dataset has no more is left out. */
function orderedNames(columns: readonly ColumnInfo[], { first }: ColumnArrangement): string[] {
  const known = new Set(columns.map(({ name }) => name));
  const leading = [...new Set(first)].filter((name) => known.has(name));
  const isLeading = new Set(leading);
  return [...leading, ...columns.map(({ name }) => name).filter((name) => !isLeading.has(name))];
}

/** As few names as tell the order: the rest stands as the dataset has it. */
function shortestFirst(columns: readonly ColumnInfo[], names: readonly string[]): string[] {
  const sources = new Map(columns.map(({ name }, source) => [name, source]));
  const source = (at: number) => sources.get(names[at]!)!;
  let count = names.length;
  while (count > 1 && source(count - 2) < source(count - 1)) --count;
  // One more goes when it stands in order after everything before it, too.
  return count === 1 ? (source(0) === 0 ? [] : names.slice(0, 1)) : names.slice(0, count - 1);
}
