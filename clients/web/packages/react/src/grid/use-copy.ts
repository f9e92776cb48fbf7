import { useCallback, useEffect, useRef, useState } from 'react';

import { exactText } from '../number-text.js';
import { copyCells, COPY_CELLS_MAX, writeClipboard, type CopiedCells } from './copy.js';
import type { GridController } from './grid-controller.js';

const MESSAGE_MS = 4_000;

/** What a copy says of itself. */
export interface CopyMessage {
  text: string;
  isError: boolean;
}

/** Copies the selection; the message says how much of it, and goes by itself. */
export function useCopy(grid: GridController) {
  const [message, setMessage] = useState<CopyMessage>();
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  useEffect(() => {
    if (!message) return;
    const timer = setTimeout(() => setMessage(undefined), MESSAGE_MS);
    return () => clearTimeout(timer);
  }, [message]);

  const copy = useCallback(
    (withNames: boolean) => {
      const { rows, selection, columns } = grid;
      const range = selection.range;
      if (!rows || !range) return;
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      const { signal } = controller;
      const copied = copyCells(rows, columns.boxes, range, { withNames, signal });
      Promise.all([copied, writeClipboard(copied.then(({ text }) => text))]).then(
        ([cells]) => setMessage({ text: sayCopied(cells), isError: false }),
        (error: unknown) => {
          if (signal.aborted) return;
          const reason = error instanceof Error ? error.message : String(error);
          setMessage({ text: `Nothing was copied: ${reason}`, isError: true });
        },
      );
    },
    [grid],
  );
  return { copy, message };
}

export function sayCopied({ rows, rowsSelected, columns }: CopiedCells): string {
  if (rows === 1 && columns === 1 && rowsSelected === 1) return 'Copied 1 cell';
  const of = rows < rowsSelected ? ` of ${exactText(rowsSelected)}` : '';
  const cap =
    rows < rowsSelected ? `, the first: one copy takes ${exactText(COPY_CELLS_MAX)} cells` : '';
  const cells = `${columns} ${columns === 1 ? 'column' : 'columns'}`;
  return `Copied ${exactText(rows)}${of} ${rowsSelected === 1 ? 'row' : 'rows'} × ${cells}${cap}`;
}
