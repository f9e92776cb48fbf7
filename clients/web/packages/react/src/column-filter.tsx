import { columnConditions, isNumericType, withCondition, type ColumnInfo } from '@bowshot/client';
import { useMemo } from 'react';

import type { FilterFormProps } from './filters/form-props.js';
import { NullFilter } from './filters/null-filter.js';
import { RangeFilter } from './filters/range-filter.js';
import { TextFilter } from './filters/text-filter.js';
import { ValuesFilter } from './filters/values-filter.js';

export interface ColumnFilterProps {
  dataset: string;
  column: ColumnInfo;
  /** The whole filter, CQL2 text: what this column's form says is read from it, and written into it. */
  filter: string;
  onFilterChange: (filter: string) => void;
}

/**
 * A filter of one column, fit for its type: a range on its histogram, text, values with their counts.
 * It keeps nothing itself: the filter's text is what holds.
 */
export function ColumnFilter({ dataset, column, filter, onFilterChange }: ColumnFilterProps) {
  const condition = useMemo(() => columnConditions(filter).get(column.name), [filter, column.name]);
  const rest = useMemo(() => withCondition(filter, column.name, undefined), [filter, column.name]);
  if (rest === undefined) {
    return <p className="bowshot-filter-hint">The filter above has to be mended first.</p>;
  }
  const form: FilterFormProps = {
    dataset,
    column,
    condition,
    rest,
    onChange: (changed) => {
      const next = withCondition(filter, column.name, changed);
      if (next !== undefined && next !== filter) onFilterChange(next);
    },
  };
  return (
    <div className="bowshot-filter">
      <Form {...form} />
      <div className="bowshot-filter-foot">
        <NullFilter {...form} />
        <button
          type="button"
          className="bowshot-button-quiet"
          disabled={!condition}
          onClick={() => form.onChange(undefined)}
        >
          Clear
        </button>
      </div>
    </div>
  );
}

function Form(form: FilterFormProps) {
  const { type } = form.column;
  if (isNumericType(type) || type === 'date32' || type.startsWith('timestamp')) {
    return <RangeFilter {...form} key={form.column.name} />;
  }
  if (type === 'utf8' || type === 'dictionary<utf8>') {
    return (
      <>
        <TextFilter {...form} />
        <ValuesFilter {...form} hasSearch />
      </>
    );
  }
  if (type === 'bool') return <ValuesFilter {...form} />;
  return null;
}
