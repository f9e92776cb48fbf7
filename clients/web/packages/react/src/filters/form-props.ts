import type { ColumnCondition, ColumnInfo } from '@bowshot/client';

export interface FilterFormProps {
  dataset: string;
  column: ColumnInfo;
  condition: ColumnCondition | undefined;
  /** What the rest of the filter says: counts are of the rows that it keeps. */
  rest: string;
  onChange: (condition: ColumnCondition | undefined) => void;
}
