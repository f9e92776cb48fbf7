import type { DatasetInfo } from '@bowshot/client';
import {
  exactText,
  hideColumn,
  NATURAL_ARRANGEMENT,
  Popover,
  showColumn,
  type ColumnArrangement,
} from '@bowshot/react';
import { useState } from 'react';

import { changeView } from './view-state.js';

interface ColumnsMenuProps {
  info: DatasetInfo;
  columns: ColumnArrangement;
  anchor: Element;
  onClose: () => void;
}

/** With more columns there is a box to find one by its name. */
const UNSEARCHED_MAX = 12;

/** Which columns are shown. */
export function ColumnsMenu({ info, columns, anchor, onClose }: ColumnsMenuProps) {
  const shown = info.columns.filter(({ name }) => !columns.hidden.includes(name)).length;
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLocaleLowerCase();
  const found = info.columns.filter(({ name }) => name.toLocaleLowerCase().includes(wanted));
  return (
    <Popover anchor={anchor} align="end" label="Columns" onClose={onClose} className="panel">
      <h3>
        Columns
        <button
          type="button"
          className="bowshot-button-quiet"
          disabled={isNatural(columns)}
          onClick={() => changeView({ columns: NATURAL_ARRANGEMENT })}
        >
          As they were
        </button>
      </h3>
      {info.columns.length > UNSEARCHED_MAX && (
        <input
          type="search"
          className="search"
          data-autofocus=""
          aria-label="Find a column"
          placeholder={`Find one of ${exactText(info.columns.length)} columns`}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      {found.length === 0 && <p className="panel-text">No column of that name</p>}
      <ul className="checks">
        {found.map(({ name }) => {
          const isShown = !columns.hidden.includes(name);
          return (
            <li key={name}>
              <label>
                <input
                  type="checkbox"
                  checked={isShown}
                  disabled={isShown && shown === 1}
                  onChange={() =>
                    changeView({
                      columns: isShown ? hideColumn(columns, name) : showColumn(columns, name),
                    })
                  }
                />
                <span>{name}</span>
              </label>
            </li>
          );
        })}
      </ul>
    </Popover>
  );
}

/** Whether the columns stand as the dataset has them. */
function isNatural({ first, hidden, pinned, widths }: ColumnArrangement): boolean {
  return [first, hidden, pinned, Object.keys(widths)].every(({ length }) => length === 0);
}
