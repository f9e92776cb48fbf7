import type { GroupedRows } from '@bowshot/client';

import type { Cell, Keystroke } from './keyboard.js';

/**
 * What a key does among groups, as the ARIA treegrid pattern has it: right opens a group, left closes
 * it or goes to the one around, Enter and space do either. Undefined where the key means what it
 * means everywhere.
 */
export function groupAfterKey(
  rows: GroupedRows,
  { row, column }: Cell,
  { key, ctrlKey, metaKey, altKey, shiftKey }: Keystroke,
): 'toggle' | Cell | undefined {
  if (ctrlKey || metaKey || altKey || shiftKey) return undefined;
  const group = rows.group(row);
  if (group && (key === 'Enter' || key === ' ')) return 'toggle';
  if (key === 'ArrowRight' && group && !group.isExpanded) return 'toggle';
  if (key !== 'ArrowLeft') return undefined;
  if (group?.isExpanded) return 'toggle';
  const parent = group !== undefined || column === 0 ? rows.parentLine(row) : undefined;
  return parent === undefined ? undefined : { row: parent, column };
}
