import { type ColumnCondition } from '@bowshot/client';
import { useDeferredValue, useState } from 'react';

import type { FilterFormProps } from './form-props.js';
import { exactText } from '../number-text.js';
import { useValues } from '../summary-hooks.js';
import { valueText } from '../value-text.js';

const VALUES_SHOWN = 100;

/** The column's values with their counts, to tick. */
export function ValuesFilter(props: FilterFormProps & { hasSearch?: boolean }) {
  const { dataset, column, condition, rest, onChange, hasSearch = false } = props;
  const [search, setSearch] = useState('');
  const prefix = useDeferredValue(search);
  const loaded = useValues(dataset, {
    column: column.name,
    filter: rest,
    prefix: prefix === '' ? undefined : prefix,
    limit: VALUES_SHOWN,
  });
  const ticked = tickedOf(condition);
  const values = loaded.value ?? loaded.previous;
  const highest = Math.max(1, ...(values?.values.map(({ count }) => count) ?? []));
  return (
    <div className="bowshot-filter-values" aria-busy={loaded.isLoading}>
      {hasSearch && (
        <input
          type="search"
          aria-label={`Values of ${column.name} that begin with`}
          placeholder="Values that begin with…"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      {loaded.error && <p className="bowshot-filter-hint">{loaded.error.detail}</p>}
      <ul aria-label={`Values of ${column.name}`}>
        {!values && Array.from({ length: 6 }, (_, index) => <li key={index} data-pending="" />)}
        {values?.values.map(({ text, literal, count }) => (
          <ValueLine
            key={text === null ? 'null' : `=${text}`}
            text={text}
            count={count}
            share={count / highest}
            isTicked={text === null ? ticked.hasNull : ticked.literals.has(literal ?? '')}
            onTick={(isTicked) => onChange(ticking(ticked, literal, isTicked))}
          />
        ))}
      </ul>
      {values?.values.length === 0 && <p className="bowshot-filter-hint">No such value</p>}
      {values?.hasMore && (
        <p className="bowshot-filter-hint">
          The {VALUES_SHOWN} most frequent are shown{hasSearch && '; search for the others'}.
        </p>
      )}
    </div>
  );
}

interface ValueLineProps {
  text: string | null;
  count: number;
  share: number;
  isTicked: boolean;
  onTick: (isTicked: boolean) => void;
}

function ValueLine({ text, count, share, isTicked, onTick }: ValueLineProps) {
  return (
    <li>
      <i aria-hidden style={{ width: `${share * 100}%` }} />
      <label>
        <input
          type="checkbox"
          checked={isTicked}
          onChange={(event) => onTick(event.target.checked)}
        />
        <span data-null={text === null || undefined} title={text ?? 'null'}>
          {valueText(text)}
        </span>
        <b>{exactText(count)}</b>
      </label>
    </li>
  );
}

interface Ticked {
  literals: ReadonlySet<string>;
  hasNull: boolean;
}

function tickedOf(condition: ColumnCondition | undefined): Ticked {
  if (condition?.kind === 'null' && condition.isNull) return { literals: new Set(), hasNull: true };
  if (condition?.kind !== 'values') return { literals: new Set(), hasNull: false };
  return { literals: new Set(condition.literals), hasNull: condition.hasNull };
}

/** The condition after a tick; null has no literal. Nothing ticked: no condition. */
function ticking(
  { literals, hasNull }: Ticked,
  literal: string | undefined,
  isTicked: boolean,
): ColumnCondition | undefined {
  const next = new Set(literals);
  if (literal !== undefined && isTicked) next.add(literal);
  if (literal !== undefined && !isTicked) next.delete(literal);
  const withNull = literal === undefined ? isTicked : hasNull;
  if (next.size > 0) return { kind: 'values', literals: [...next], hasNull: withNull };
  return withNull ? { kind: 'null', isNull: true } : undefined;
}
