import { useState, useSyncExternalStore, type Ref } from 'react';

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
  // While a name has the focus it is the one that Tab leaves from, and comes back to.
  const [focused, setFocused] = useState<string>();
  const [menu, setMenu] = useState<{ box: ColumnBox; anchor: Element; view: MenuView }>();
  const actions: HeaderActions = {
    grid,
    ...props,
    onOpenMenu: (box, anchor, view) => setMenu({ box, anchor, view }),
  };
  const header = (box: ColumnBox) => (
    <ColumnHeader
      key={box.info.name}
      box={box}
      isTabStop={
        focused === undefined ? box.index === layout.activeColumn : box.info.name === focused
      }
      {...actions}
    />
  );
  return (
    <div
      role="rowgroup"
      className="bowshot-grid-header"
      data-profile={props.profile ? '' : undefined}
      onFocus={({ target }) =>
        setFocused(target.closest<HTMLElement>('[data-column]')?.dataset['column'])
      }
      onBlur={() => setFocused(undefined)}
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
