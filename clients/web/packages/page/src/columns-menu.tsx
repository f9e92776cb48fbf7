import type { DatasetInfo } from '@bowshot/client';
import {
  hideColumn,
  NATURAL_ARRANGEMENT,
  Popover,
  showColumn,
  type ColumnArrangement,
} from '@bowshot/react';

import { changeView } from './view-state.js';

interface ColumnsMenuProps {
  info: DatasetInfo;
  columns: ColumnArrangement;
  anchor: Element;
  onClose: () => void;
}

/** Which columns are shown. */
export function ColumnsMenu({ info, columns, anchor, onClose }: ColumnsMenuProps) {
  const shown = info.columns.filter(({ name }) => !columns.hidden.includes(name)).length;
  return (
    <Popover anchor={anchor} align="end" label="Columns" onClose={onClose} className="panel">
      <h3>
        Columns
        <button
          type="button"
          className="bowshot-button-quiet"
          disabled={columns === NATURAL_ARRANGEMENT}
          onClick={() => changeView({ columns: NATURAL_ARRANGEMENT })}
        >
          As they were
        </button>
      </h3>
      <ul className="checks">
        {info.columns.map(({ name }) => {
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
