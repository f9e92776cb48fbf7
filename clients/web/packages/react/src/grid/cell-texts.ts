import { cellText, type RowPlace } from '@bowshot/client';
import type { Table } from 'apache-arrow';

type ColumnTexts = (string | null | undefined)[];

/** Texts that were drawn once: a frame formats only what came into sight. They go with their page. */
const textsByTable = new WeakMap<Table, ColumnTexts[]>();

/** The text of a row's cell; null where it is null. */
export function textOfCell({ table, index }: RowPlace, column: number): string | null {
  let columns = textsByTable.get(table);
  if (!columns) {
    columns = [];
    textsByTable.set(table, columns);
  }
  const texts = (columns[column] ??= []);
  let text = texts[index];
  if (text === undefined) {
    const vector = table.getChildAt(column);
    text = vector ? cellText(vector, index) : null;
    texts[index] = text;
  }
  return text;
}
