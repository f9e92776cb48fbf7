import type { GroupLine, GroupedRows, RowPlace, RowWindow } from '@bowshot/client';

/** What a grid shows: plain rows, or groups that open. */
export type GridRows = RowWindow | GroupedRows;

/** The group that a line stands for; undefined where it is a row. */
export function groupAt(rows: GridRows | undefined, line: number): GroupLine | undefined {
  return rows && 'group' in rows ? rows.group(line) : undefined;
}

export function isGrouped(rows: GridRows | undefined): rows is GroupedRows {
  return rows !== undefined && 'group' in rows;
}

export type { RowPlace };
