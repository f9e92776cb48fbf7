import type { DatasetInfo, ViewStatus } from '@bowshot/client';
import { exactText, GoToRow, type DataGridHandle, type RowWindowState } from '@bowshot/react';
import { useState, type ReactNode, type RefObject } from 'react';

import { sayBuild } from './build-line.js';
import { byteSize } from './byte-size.js';
import { CodeMenu } from './code-menu.js';
import { ColumnsMenu } from './columns-menu.js';
import { ExportPanel } from './export-panel.js';
import { sayMatches } from './match-count.js';
import { ThemeToggle } from './theme-toggle.js';
import { changeView, type ViewState } from './view-state.js';

interface ToolbarProps {
  info: DatasetInfo;
  view: ViewState;
  state: RowWindowState;
  /** What the server makes of the filter and the order, where that takes a while. */
  build: ViewStatus | undefined;
  grid: RefObject<DataGridHandle | null>;
  rowInput: RefObject<HTMLInputElement | null>;
  onOpenSidebar: () => void;
  profileIsOn: boolean;
  onProfile: (isOn: boolean) => void;
}

const FIRST_SAMPLE = 1_000;

/** The dataset's name and rows, and everything that is done with all of it. */
export function Toolbar({ info, view, state, grid, ...props }: ToolbarProps) {
  const { sample, groupBy } = view;
  const lines = groupBy.length > 0 && !sample ? 'Line' : 'Row';
  return (
    <header className="toolbar">
      <button
        type="button"
        className="icon-button sidebar-button"
        aria-label="Datasets"
        aria-controls="sidebar"
        onClick={props.onOpenSidebar}
      >
        <svg aria-hidden width="16" height="16" viewBox="0 0 16 16" stroke="currentColor">
          <path d="M2 4h12M2 8h12M2 12h12" strokeWidth="1.5" strokeLinecap="round" />
        </svg>
      </button>
      <div className="title">
        <h1>{info.name}</h1>
        <RowCount info={info} state={state} view={view} build={props.build} />
      </div>
      <div className="tools" role="toolbar" aria-label="View">
        <button
          type="button"
          className="tool"
          aria-pressed={props.profileIsOn}
          onClick={() => props.onProfile(!props.profileIsOn)}
        >
          Profile
        </button>
        <button
          type="button"
          className="tool"
          aria-pressed={sample !== undefined}
          onClick={() =>
            changeView({ sample: sample ? undefined : { size: FIRST_SAMPLE, seed: 0 }, row: 0 })
          }
        >
          Sample
        </button>
        <Opener label="Columns">
          {(anchor, close) => (
            <ColumnsMenu info={info} columns={view.columns} anchor={anchor} onClose={close} />
          )}
        </Opener>
        <Opener label="Code">
          {(anchor, close) => <CodeMenu info={info} view={view} anchor={anchor} onClose={close} />}
        </Opener>
        <Opener label="Export">
          {(anchor, close) => (
            <ExportPanel info={info} view={view} state={state} anchor={anchor} onClose={close} />
          )}
        </Opener>
      </div>
      <GoToRow
        grid={grid}
        rowCount={state.rowCount}
        rowCountIsExact={state.rowCountIsExact}
        inputRef={props.rowInput}
        label={lines}
      />
      <ThemeToggle />
    </header>
  );
}

interface OpenerProps {
  label: string;
  children: (anchor: Element, close: () => void) => ReactNode;
}

/** A button that opens a panel below it. */
function Opener({ label, children }: OpenerProps) {
  const [anchor, setAnchor] = useState<Element>();
  return (
    <>
      <button
        type="button"
        className="tool"
        aria-haspopup="dialog"
        aria-expanded={anchor !== undefined}
        onClick={(event) => setAnchor(anchor ? undefined : event.currentTarget)}
      >
        {label}
      </button>
      {anchor && children(anchor, () => setAnchor(undefined))}
    </>
  );
}

interface RowCountProps {
  info: DatasetInfo;
  state: RowWindowState;
  view: ViewState;
  build: ViewStatus | undefined;
}

function RowCount({ info, state, view, build }: RowCountProps) {
  const total = exactText(info.rows);
  const groups = sayGroups(state);
  if (view.filter === '') {
    return (
      <p>
        <b>{total}</b> {info.rows === 1 ? 'row' : 'rows'}
        <span role="status">{build ? sayBuild(build) : (groups ?? byteSize(info.bytes))}</span>
      </p>
    );
  }
  if (state.error) return <p>{total} rows</p>;
  const kept = sayMatches(view, state);
  const isCountBuilt = build?.kind === 'filter';
  return (
    <p aria-live="polite">
      <b data-pending={kept === undefined ? '' : undefined}>
        {kept ?? (isCountBuilt ? sayBuild(build) : 'counting…')}
      </b>{' '}
      of {total} rows
      {build && !isCountBuilt && <span>{sayBuild(build)}</span>}
      {groups && <span>{groups}</span>}
    </p>
  );
}

/** `1,234 groups`, of the outermost column; undefined where there are none to speak of yet. */
function sayGroups({ groupCount, groupCountIsExact }: RowWindowState): string | undefined {
  if (groupCount === undefined || groupCount === 0) return undefined;
  const groups = `${exactText(groupCount)} ${groupCount === 1 ? 'group' : 'groups'}`;
  return groupCountIsExact ? groups : `more than ${groups}`;
}
