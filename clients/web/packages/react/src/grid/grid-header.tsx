import { useState, useSyncExternalStore, type FocusEvent, type Ref } from 'react';

import { ColumnHeader } from './column-header.js';
import { ColumnMenu } from './column-menu.js';
import type { ColumnBox } from './column-layout.js';
import type { GridController } from './grid-controller.js';
import type { HeaderActions, HeaderProps, MenuView } from './header-props.js';

interface GridHeaderProps extends HeaderProps {
  grid: GridController;
  /** What moves sideways with the columns. */
  movingRef: Ref<HTMLDivElement>;
}

/** The names of the visible columns, as buttons that sort; each with a menu. */
export function GridHeader({ grid, movingRef, ...props }: GridHeaderProps) {
  const layout = useSyncExternalStore(grid.header.subscribe, grid.header.get);
  const { isTabStop, followFocus } = useTabStop(layout.activeColumn);
  const [menu, setMenu] = useState<{ box: ColumnBox; anchor: Element; view: MenuView }>();
  const actions: HeaderActions = {
    grid,
    ...props,
    onOpenMenu: (box, anchor, view) => setMenu({ box, anchor, view }),
  };
  const header = (box: ColumnBox) => (
    <ColumnHeader key={box.info.name} box={box} isTabStop={isTabStop(box)} {...actions} />
  );
  return (
    <div
      role="rowgroup"
      className="bowshot-grid-header"
      data-profile={props.profile ? '' : undefined}
      {...followFocus}
    >
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
        {layout.pinned.length > 0 && (
          <div
            role="presentation"
            className="bowshot-grid-names bowshot-grid-pinned"
            style={{ left: layout.gutterWidth, width: layout.pinnedWidth }}
          >
            {layout.pinned.map(header)}
          </div>
        )}
        <div
          className="bowshot-grid-names"
          style={{ left: layout.gutterWidth + layout.pinnedWidth }}
          role="presentation"
          // Browsers scroll what gets the focus into sight; here the grid does, with the rows.
          onScroll={(event) => (event.currentTarget.scrollLeft = 0)}
        >
          <div
            ref={movingRef}
            role="presentation"
            style={{ left: -layout.pinnedWidth }}
            className="bowshot-grid-moving"
          >
            {layout.scrolled.map(header)}
          </div>
        </div>
      </div>
      {menu && (
        <ColumnMenu
          {...actions}
          {...menu}
          key={`${menu.box.info.name} ${menu.view}`}
          onClose={() => setMenu(undefined)}
        />
      )}
    </div>
  );
}

/** The name that Tab comes to is the active column's; the one that it leaves from has the focus. */
function useTabStop(activeColumn: number) {
  const [focused, setFocused] = useState<string>();
  const followFocus = {
    onFocus: ({ target }: FocusEvent) =>
      setFocused(target.closest<HTMLElement>('[data-column]')?.dataset['column']),
    onBlur: () => setFocused(undefined),
  };
  const isTabStop = ({ index, info }: ColumnBox) =>
    focused === undefined ? index === activeColumn : info.name === focused;
  return { isTabStop, followFocus };
}
