import type { OrderBy } from '@bowshot/client';
import { useSyncExternalStore, type KeyboardEvent, type Ref } from 'react';

import type { ColumnBox } from './column-layout.js';
import type { GridController } from './grid-controller.js';
import { followDrag } from './pointer.js';
import { ariaSortOf, orderAfterClick } from './sort-order.js';

interface GridHeaderProps {
  grid: GridController;
  order: readonly OrderBy[];
  onOrderChange: ((order: OrderBy[]) => void) | undefined;
  /** What moves sideways with the columns. */
  movingRef: Ref<HTMLDivElement>;
}

/** The names of the visible columns, as buttons that sort. */
export function GridHeader({ grid, order, onOrderChange, movingRef }: GridHeaderProps) {
  const layout = useSyncExternalStore(grid.header.subscribe, grid.header.get);
  const visible = layout.boxes.slice(layout.first, layout.last + 1);
  return (
    <div role="rowgroup" className="bowshot-grid-header">
      <div role="row" aria-rowindex={1}>
        <div
          role="columnheader"
          aria-colindex={1}
          aria-label="Row number"
          className="bowshot-grid-corner"
          style={{ width: layout.gutterWidth }}
        >
          #
        </div>
        <div
          className="bowshot-grid-names"
          style={{ left: layout.gutterWidth }}
          role="presentation"
        >
          <div ref={movingRef} role="presentation">
            {visible.map((box) => (
              <ColumnHeader
                key={box.info.name}
                grid={grid}
                box={box}
                sort={ariaSortOf(order, box.info.name)}
                isTabStop={box.index === layout.activeColumn}
                onSort={
                  onOrderChange && (() => onOrderChange(orderAfterClick(order, box.info.name)))
                }
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

interface ColumnHeaderProps {
  grid: GridController;
  box: ColumnBox;
  sort: 'ascending' | 'descending' | 'none';
  isTabStop: boolean;
  onSort: (() => void) | undefined;
}

function ColumnHeader({ grid, box, sort, isTabStop, onSort }: ColumnHeaderProps) {
  const { name, type } = box.info;
  return (
    <div
      role="columnheader"
      aria-colindex={box.index + 2}
      aria-sort={sort}
      className="bowshot-grid-name"
      data-numeric={box.isNumeric || undefined}
      data-sorted={sort === 'none' ? undefined : sort}
      style={{ left: box.x, width: box.width }}
    >
      <button
        type="button"
        tabIndex={isTabStop ? 0 : -1}
        title={`${name} · ${type}`}
        disabled={!onSort}
        onClick={onSort}
        onKeyDown={moveBetweenHeaders}
      >
        <span>{name}</span>
        <SortMark sort={sort} />
      </button>
      <div
        aria-hidden
        className="bowshot-grid-resizer"
        onDoubleClick={() => grid.fitColumn(box.index)}
        onPointerDown={(event) => {
          event.preventDefault();
          const width = grid.widthOf(box.index);
          followDrag(event.nativeEvent, event.currentTarget, (dx) =>
            grid.setColumnWidth(box.index, width + dx),
          );
        }}
      />
    </div>
  );
}

function SortMark({ sort }: { sort: ColumnHeaderProps['sort'] }) {
  return (
    <svg aria-hidden width="10" height="10" viewBox="0 0 10 10" className="bowshot-grid-sort">
      <path d={sort === 'descending' ? 'M5 8 1.5 3h7z' : 'M5 2 8.5 7h-7z'} fill="currentColor" />
    </svg>
  );
}

function moveBetweenHeaders(event: KeyboardEvent<HTMLButtonElement>): void {
  const cell = event.currentTarget.parentElement;
  const next =
    event.key === 'ArrowRight'
      ? cell?.nextElementSibling
      : event.key === 'ArrowLeft'
        ? cell?.previousElementSibling
        : undefined;
  const button = next?.querySelector('button');
  if (!button) return;
  event.preventDefault();
  button.focus();
}
