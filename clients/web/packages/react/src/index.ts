export { cellText, isNumericType } from '@bowshot/client';
export {
  NATURAL_ARRANGEMENT,
  arrange,
  showColumn,
  hideColumn,
  type ColumnArrangement,
} from './grid/column-arrangement.js';
export { canGroup } from './grid/column-menu.js';
export { DataGrid, type DataGridHandle, type DataGridProps } from './grid/data-grid.js';
export type { GridRows } from './grid/grid-rows.js';
export type { CellRange } from './grid/selection.js';
export { MenuItem, Popover, type PopoverProps } from './popover.js';
export { GoToRow } from './grid/go-to-row.js';
export {
  useCount,
  useDataset,
  useDatasets,
  useGroupedRows,
  useRowWindow,
  useRowWindowState,
  useSampleRows,
  type RowWindowState,
} from './hooks.js';
export { exactText, roughText } from './number-text.js';
export { BowshotProvider, useBowshot } from './provider.js';
export type { Loaded } from './use-loaded.js';
export { ColumnFilter, type ColumnFilterProps } from './column-filter.js';
export {
  useHistogram,
  useProfile,
  useValues,
  type LoadedAfter,
  type ProfileOptions,
  type ProfileState,
} from './summary-hooks.js';
