import { useId, useState, type RefObject } from 'react';

import { exactText } from '../number-text.js';
import type { DataGridHandle } from './data-grid.js';

interface GoToRowProps {
  grid: RefObject<DataGridHandle | null>;
  rowCount: number;
  /** False while they are counted. Default true. */
  rowCountIsExact?: boolean;
  inputRef?: RefObject<HTMLInputElement | null>;
  /** What its numbers count. Default `Row`. */
  label?: string;
}

/** A box for a row's number; Enter goes there. Grouped and negative numbers (from the end) work. */
export function GoToRow({ grid, rowCount, inputRef, label = 'Row', ...props }: GoToRowProps) {
  const id = useId();
  const [text, setText] = useState('');
  const row = parseRow(text, rowCount);
  const isWrong = text.trim() !== '' && row === undefined;
  const range = rowRange(rowCount, props.rowCountIsExact ?? true);
  return (
    <form
      className="bowshot-go-to-row"
      onSubmit={(event) => {
        event.preventDefault();
        if (row === undefined) return;
        grid.current?.goToRow(row);
        grid.current?.focus();
        setText('');
      }}
    >
      <label htmlFor={id}>{label}</label>
      <input
        ref={inputRef}
        id={id}
        value={text}
        inputMode="numeric"
        autoComplete="off"
        spellCheck={false}
        placeholder={range}
        title={`Go to a row: ${range}`}
        aria-invalid={isWrong}
        disabled={rowCount === 0}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setText('');
        }}
      />
    </form>
  );
}

function rowRange(rowCount: number, isExact: boolean): string {
  if (rowCount > 1 || (isExact && rowCount > 0)) return `0 – ${exactText(rowCount - 1)}`;
  return isExact ? 'no rows' : '…';
}

/** `1,234,567`, `1_234_567`, `-1` for the last row; undefined when there is no such row. */
export function parseRow(text: string, rowCount: number): number | undefined {
  const digits = text.replace(/[\s,_.'’]/g, '');
  if (!/^-?\d{1,16}$/.test(digits)) return undefined;
  const number = Number(digits);
  const row = number < 0 || Object.is(number, -0) ? rowCount + number : number;
  return Number.isSafeInteger(row) && row >= 0 && row < rowCount ? row : undefined;
}
