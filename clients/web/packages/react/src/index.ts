export { cellText, isNumericType } from './cell-text.js';
export { DataGrid, type DataGridHandle, type DataGridProps } from './grid/data-grid.js';
export { GoToRow } from './grid/go-to-row.js';
export {
  useCount,
  useDataset,
  useDatasets,
  useRowWindow,
  useRowWindowState,
  type RowWindowState,
} from './hooks.js';
export { BowshotProvider, useBowshot } from './provider.js';
export type { Loaded } from './use-loaded.js';
