import { isNumericType, type ColumnInfo } from '@bowshot/client';
import { useState } from 'react';

import { ColumnProfileCard } from '../column-strip.js';
import { MenuItem, Popover } from '../popover.js';
import { hideColumn, pinColumn, resizeColumn } from './column-arrangement.js';
import type { ColumnBox } from './column-layout.js';
import type { HeaderActions, MenuView } from './header-props.js';
import { canSort, orderWith } from './sort-order.js';

interface ColumnMenuProps extends HeaderActions {
  box: ColumnBox;
  anchor: Element;
  /** What it shows first. */
  view: MenuView;
  onClose: () => void;
}

/** Everything that can be done with a column. */
export function ColumnMenu({ box, anchor, onClose, ...props }: ColumnMenuProps) {
  const { info } = box;
  const [view, setView] = useState(props.view);
  const profile = props.profile?.get(info.name);
  const panel = info.isDerived ? undefined : props.renderColumnPanel?.(info, onClose);
  return (
    <Popover
      anchor={anchor}
      label={`Column ${info.name}`}
      onClose={onClose}
      className="bowshot-column-menu"
    >
      <div className="bowshot-column-menu-title">
        <strong>{info.name}</strong>
        <code>
          {info.type}
          {info.nullable && '?'}
        </code>
      </div>
      {view === 'profile' && profile ? (
        <ColumnProfileCard profile={profile} />
      ) : (
        <>
          {panel && <div className="bowshot-column-menu-panel">{panel}</div>}
          <div className="bowshot-column-menu-items">
            {profile && <MenuItem onSelect={() => setView('profile')}>Profile</MenuItem>}
            <SortItems box={box} onClose={onClose} {...props} />
            <ArrangeItems box={box} onClose={onClose} {...props} />
          </div>
        </>
      )}
    </Popover>
  );
}

type ItemsProps = Omit<ColumnMenuProps, 'anchor' | 'view'>;

function SortItems({ box, order, onOrderChange, onClose }: ItemsProps) {
  const { name, type } = box.info;
  if (!onOrderChange || !canSort(box.info)) return null;
  const current = order.find(({ column }) => column === name);
  const others = order.filter(({ column }) => column !== name);
  const [up, down] = isNumericType(type)
    ? ['Smallest first', 'Largest first']
    : ['Ascending', 'Descending'];
  const sort = (descending: boolean, adds: boolean) => () => {
    onOrderChange(orderWith(order, name, descending, adds));
    onClose();
  };
  return (
    <>
      <MenuItem
        onSelect={sort(false, false)}
        isChecked={current !== undefined && !current.descending}
      >
        {up}
      </MenuItem>
      <MenuItem onSelect={sort(true, false)} isChecked={current?.descending === true}>
        {down}
      </MenuItem>
      {others.length > 0 && !current && (
        <MenuItem onSelect={sort(false, true)} hint="Shift-click">
          Then by this column
        </MenuItem>
      )}
      {current && (
        <MenuItem
          onSelect={() => {
            onOrderChange(others);
            onClose();
          }}
        >
          Do not sort by it
        </MenuItem>
      )}
      <hr />
    </>
  );
}

function ArrangeItems({ box, grid, arrangement, onArrange, onClose, ...props }: ItemsProps) {
  const { name } = box.info;
  const { groupBy, onGroupByChange } = props;
  const isGrouped = groupBy.includes(name);
  const isPinned = arrangement.pinned.includes(name);
  const act = (action: () => void) => () => {
    action();
    onClose();
  };
  return (
    <>
      {onGroupByChange && canGroup(box.info) && (
        <MenuItem
          isChecked={isGrouped}
          onSelect={act(() =>
            onGroupByChange(
              isGrouped ? groupBy.filter((other) => other !== name) : [...groupBy, name],
            ),
          )}
        >
          {groupBy.length > 0 && !isGrouped ? 'Group by it, within' : 'Group by it'}
        </MenuItem>
      )}
      <MenuItem
        isChecked={isPinned}
        onSelect={act(() => onArrange(pinColumn(arrangement, name, !isPinned)))}
      >
        Pin at the left
      </MenuItem>
      <MenuItem
        hint="double-click the edge"
        onSelect={act(() => onArrange(resizeColumn(arrangement, name, grid.fittingWidth(box))))}
      >
        Fit its width
      </MenuItem>
      <MenuItem
        isDisabled={grid.columns.boxes.length < 2}
        onSelect={act(() => onArrange(hideColumn(arrangement, name)))}
      >
        Hide
      </MenuItem>
    </>
  );
}

/** Whether a filter can name the column's values: that is how a group's rows are asked for. */
export function canGroup({ type, isDerived }: ColumnInfo): boolean {
  return !isDerived && /^(bool|u?int|float|decimal|utf8|dictionary|date|timestamp)/.test(type);
}
