import type { ColumnProfile, OrderBy } from '@bowshot/client';
import type { ReactNode } from 'react';

import type { ColumnArrangement } from './column-arrangement.js';
import type { ColumnBox } from './column-layout.js';
import type { GridController } from './grid-controller.js';

/** What a grid's header shows beside the names, and whom it tells. */
export interface HeaderProps {
  order: readonly OrderBy[];
  onOrderChange: ((order: OrderBy[]) => void) | undefined;
  arrangement: ColumnArrangement;
  onArrange: (arrangement: ColumnArrangement) => void;
  /** What a column's menu begins with: a filter, for one. */
  renderColumnPanel: ((column: ColumnBox['info'], close: () => void) => ReactNode) | undefined;
  /** Columns that the rows are filtered by: marked. */
  filteredColumns: ReadonlySet<string> | undefined;
  /** A strip below the names; a column that is not there yet is awaited. */
  profile: ReadonlyMap<string, ColumnProfile> | undefined;
  groupBy: readonly string[];
  onGroupByChange: ((columns: string[]) => void) | undefined;
}

/** What a column's menu shows first. */
export type MenuView = 'actions' | 'profile';

/** What a header and its menu act on. */
export interface HeaderActions extends HeaderProps {
  grid: GridController;
  onOpenMenu: (box: ColumnBox, anchor: Element, view: MenuView) => void;
}
