import { wholeText, type ColumnInfo, type RowPlace } from '@bowshot/client';
import { useCallback, useState, type MouseEvent, type RefObject } from 'react';

import { exactText } from '../number-text.js';
import { Popover } from '../popover.js';
import { writeClipboard } from './copy.js';
import type { GridController } from './grid-controller.js';
import { cellId } from './readable-rows.js';

/** A cell that is read as a whole. */
export interface ReadCell {
  column: ColumnInfo;
  /** The column's index among the answer's. */
  source: number;
  place: RowPlace;
  /** Where it stands, as the reader knows it. */
  label: string;
  anchor: Element;
}

/** Opens the active cell, where it is a row's and is here. */
export function useCellReader(
  grid: GridController,
  gridId: string,
  root: RefObject<HTMLElement | null>,
) {
  const [cell, setCell] = useState<ReadCell>();
  const read = useCallback(() => {
    const { active } = grid.selection;
    const box = active && grid.columns.boxes[active.column];
    const place = active && grid.rows?.row(active.row);
    if (!box || !place) return false;
    const element = document.getElementById(cellId(gridId, active.row, active.column));
    const anchor = element ?? root.current!;
    setCell({ column: box.info, source: box.source, place, label: grid.label(active.row), anchor });
    return true;
  }, [grid, gridId, root]);
  const close = useCallback(() => {
    setCell(undefined);
    root.current?.focus({ preventScroll: true });
  }, [root]);
  const onDoubleClick = useCallback(
    (event: MouseEvent<HTMLElement>) => {
      if (isOnCell(event, grid)) read();
    },
    [grid, read],
  );
  return { cell, read, close, onDoubleClick };
}

/** Whether the mouse is over a cell: not over a bar, nor beyond the last row or column. */
function isOnCell(event: MouseEvent<HTMLElement>, grid: GridController): boolean {
  const { target, currentTarget, clientX, clientY } = event;
  if (target instanceof Element && target.closest('.bowshot-grid-scrollbar')) return false;
  const { left, top } = currentTarget.getBoundingClientRect();
  return grid.cellAt(clientX - left, clientY - top) !== undefined;
}

interface CellReaderProps {
  cell: ReadCell;
  onClose: () => void;
}

/** More would make the page slow; copies take everything. */
const SHOWN_LENGTH_MAX = 200_000;

/** All of one cell: text with its lines, a list to its end. Columns cut what is longer than they are wide. */
export function CellReader({ cell, onClose }: CellReaderProps) {
  const { column, source, place, label, anchor } = cell;
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no');
  const vector = place.table.getChildAt(source);
  const text = vector && wholeText(vector, place.index);
  const copy = () =>
    writeClipboard(Promise.resolve(text ?? '')).then(
      () => setCopied('yes'),
      () => setCopied('failed'),
    );
  return (
    <Popover
      anchor={anchor}
      label={`${column.name}, row ${label}`}
      onClose={onClose}
      className="bowshot-cell-reader"
    >
      <div className="bowshot-column-menu-title">
        <strong>{column.name}</strong>
        <code>{column.type}</code>
      </div>
      <pre tabIndex={0} data-autofocus="" data-null={text === null || undefined}>
        {text === null ? 'null' : text.slice(0, SHOWN_LENGTH_MAX)}
      </pre>
      <div className="bowshot-cell-reader-foot">
        <span role="status">
          {copied === 'yes' && 'Copied'}
          {copied === 'failed' && 'The browser refused: select the text instead'}
          {copied === 'no' && sayLength(text)}
        </span>
        <button type="button" disabled={text === null} onClick={() => void copy()}>
          Copy
        </button>
      </div>
    </Popover>
  );
}

function sayLength(text: string | null): string {
  if (text === null) return '';
  if (text === '') return 'empty text';
  const { length } = text;
  const characters = `${exactText(length)} ${length === 1 ? 'character' : 'characters'}`;
  return length > SHOWN_LENGTH_MAX
    ? `the first ${exactText(SHOWN_LENGTH_MAX)} of ${characters}`
    : characters;
}
