import { useRef, type KeyboardEvent, type PointerEvent as ReactPointerEvent } from 'react';

import { ColumnStrip } from '../column-strip.js';
import { beyond, EdgeScroll } from './edge-scroll.js';
import { moveColumn, resizeColumn } from './column-arrangement.js';
import type { ColumnBox } from './column-layout.js';
import type { HeaderActions, MenuView } from './header-props.js';
import { followDrag } from './pointer.js';
import { ariaSortOf, canSort, orderAfterClick, sortRank } from './sort-order.js';

interface ColumnHeaderProps extends HeaderActions {
  box: ColumnBox;
  isTabStop: boolean;
}

const DRAG_BEGINS_PX = 6;
/** A column that is dragged so near to an edge scrolls. */
const EDGE_PX = 32;

/**
 * A column's name. A click sorts (with Shift, also), a drag moves the column, the edge makes it wider.
 * The menu opens by its button, a right click, and on the keyboard by the arrow down.
 */
export function ColumnHeader({ box, isTabStop, ...props }: ColumnHeaderProps) {
  const { order, profile } = props;
  const onOrderChange = canSort(box.info) ? props.onOrderChange : undefined;
  const { name, type } = box.info;
  const sort = ariaSortOf(order, name);
  const rank = sortRank(order, name);
  const isFiltered = props.filteredColumns?.has(name) ?? false;
  const button = useRef<HTMLButtonElement>(null);
  const openMenu = (view: MenuView) => props.onOpenMenu(box, button.current!, view);
  return (
    <div
      role="columnheader"
      aria-colindex={box.index + 2}
      aria-sort={sort}
      aria-label={name}
      aria-description={description(rank, isFiltered)}
      className="bowshot-grid-name"
      data-column={name}
      data-numeric={box.isNumeric || undefined}
      data-sorted={sort === 'none' ? undefined : sort}
      data-filtered={isFiltered || undefined}
      style={{ left: box.x, width: box.width }}
      onContextMenu={(event) => {
        event.preventDefault();
        openMenu('actions');
      }}
    >
      <button
        ref={button}
        type="button"
        tabIndex={isTabStop ? 0 : -1}
        title={`${name} · ${type}`}
        aria-label={name}
        aria-haspopup="dialog"
        aria-keyshortcuts="ArrowDown"
        onFocus={() => props.grid.showColumn(box)}
        onPointerDown={(event) => dragColumn(event, box, props)}
        onClick={(event) => onOrderChange?.(orderAfterClick(order, name, event.shiftKey))}
        onKeyDown={(event) => onHeaderKey(event, () => openMenu('actions'))}
      >
        <span>{name}</span>
        {onOrderChange && <SortMark sort={sort} rank={rank} />}
      </button>
      <MenuButton name={name} isFiltered={isFiltered} onOpen={() => openMenu('actions')} />
      {profile && !box.info.isDerived && (
        <ColumnStrip
          column={box.info}
          profile={profile.get(name)}
          onExpand={() => openMenu('profile')}
        />
      )}
      <Resizer box={box} {...props} />
    </div>
  );
}

function description(rank: number | undefined, isFiltered: boolean): string | undefined {
  const parts = [rank !== undefined && `sort key ${rank}`, isFiltered && 'filtered'];
  return parts.filter((part) => part !== false).join(', ') || undefined;
}

/** For the mouse; the keyboard has the arrow down, and assistive technology the context menu. */
function MenuButton(props: { name: string; isFiltered: boolean; onOpen: () => void }) {
  return (
    <div
      aria-hidden
      className="bowshot-grid-menu-button"
      title={`Filter and arrange ${props.name}`}
      onPointerDown={(event) => event.preventDefault()}
      onClick={props.onOpen}
    >
      {props.isFiltered ? (
        <svg width="14" height="14" viewBox="0 0 14 14" fill="currentColor">
          <path d="M1.5 2h11L8.4 7v4.6l-2.8-1.5V7z" />
        </svg>
      ) : (
        <svg width="14" height="14" viewBox="0 0 14 14" fill="currentColor">
          <circle cx="7" cy="2.6" r="1.25" />
          <circle cx="7" cy="7" r="1.25" />
          <circle cx="7" cy="11.4" r="1.25" />
        </svg>
      )}
    </div>
  );
}

function SortMark({ sort, rank }: { sort: string; rank: number | undefined }) {
  return (
    <span aria-hidden className="bowshot-grid-sort">
      <svg width="10" height="10" viewBox="0 0 10 10">
        <path d={sort === 'descending' ? 'M5 8 1.5 3h7z' : 'M5 2 8.5 7h-7z'} fill="currentColor" />
      </svg>
      {rank !== undefined && <small>{rank}</small>}
    </span>
  );
}

function Resizer({ box, grid, arrangement, onArrange }: HeaderActions & { box: ColumnBox }) {
  const { name } = box.info;
  return (
    <div
      aria-hidden
      className="bowshot-grid-resizer"
      onDoubleClick={() => onArrange(resizeColumn(arrangement, name, grid.fittingWidth(box)))}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        let width = box.width;
        followDrag(
          event.nativeEvent,
          event.currentTarget,
          (dx) => {
            width = box.width + dx;
            grid.dragColumnWidth(name, width);
          },
          () => {
            if (width !== box.width) {
              onArrange(resizeColumn(arrangement, name, grid.columns.box(name)?.width ?? width));
            }
          },
        );
      }}
    />
  );
}

/** A drag sideways: a line shows where the column would go; at an edge the columns scroll. */
function dragColumn(
  event: ReactPointerEvent<HTMLButtonElement>,
  box: ColumnBox,
  { grid, arrangement, onArrange }: HeaderActions,
): void {
  const button = event.currentTarget;
  if (event.button !== 0 || event.shiftKey || event.pointerType === 'touch') return;
  const header = button.closest<HTMLElement>('.bowshot-grid-header');
  if (!header) return;
  const start = event.clientX - header.getBoundingClientRect().left;
  let target: { before: string | undefined } | undefined;
  const marker = document.createElement('div');
  marker.className = 'bowshot-grid-drop-marker';
  const aimAt = (x: number) => {
    const place = grid.dropPlace(x);
    target = { before: place.before };
    marker.style.left = `${place.x}px`;
  };
  let way = 0;
  const edge = new EdgeScroll((dx) => {
    grid.scrollBy(dx, 0);
    aimAt(start + way);
  });
  // The button may scroll out of sight, and be gone, while it is dragged; the header stays.
  followDrag(
    event.nativeEvent,
    header,
    (dx, dy) => {
      if (!target && Math.hypot(dx, dy) < DRAG_BEGINS_PX) return;
      way = dx;
      header.append(marker);
      header.dataset['moving'] = '';
      aimAt(start + dx);
      const { left, right } = grid.cellsArea;
      edge.follow({ x: beyond(start + dx, left + EDGE_PX, right - EDGE_PX), y: 0 });
    },
    () => {
      edge.stop();
      marker.remove();
      delete header.dataset['moving'];
      if (!target || target.before === box.info.name) return;
      const columns = grid.rows?.info.columns ?? [];
      onArrange(moveColumn(columns, arrangement, box.info.name, target.before));
    },
  );
}

function onHeaderKey(event: KeyboardEvent<HTMLButtonElement>, openMenu: () => void): void {
  if (event.key === 'ArrowDown') {
    event.preventDefault();
    openMenu();
    return;
  }
  if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
  const header = event.currentTarget.closest('.bowshot-grid-header');
  const buttons = [...(header?.querySelectorAll<HTMLElement>('.bowshot-grid-name > button') ?? [])];
  const at = buttons.indexOf(event.currentTarget);
  const next = buttons[at + (event.key === 'ArrowRight' ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
