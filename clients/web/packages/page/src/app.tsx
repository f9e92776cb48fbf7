import type { DatasetInfo, OrderBy } from '@bowshot/client';
import {
  DataGrid,
  GoToRow,
  useDataset,
  useDatasets,
  useRowWindow,
  useRowWindowState,
  type DataGridHandle,
  type RowWindowState,
} from '@bowshot/react';
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';

import { Failure } from './failure.js';
import { FilterBox } from './filter-box.js';
import { byteSize, exactCount } from './number-text.js';
import { Sidebar } from './sidebar.js';
import { ThemeToggle } from './theme-toggle.js';
import { changeView, useView, type ViewState } from './view-state.js';

/** The explorer: datasets beside the rows of one of them. */
export function App() {
  const view = useView();
  const datasets = useDatasets();
  const dataset = useDataset(view.dataset);
  const grid = useRef<DataGridHandle>(null);
  const filterInput = useRef<HTMLInputElement>(null);
  const rowInput = useRef<HTMLInputElement>(null);
  // The schema that the rows are of: theirs, once the dataset changed while it was shown.
  const [newerInfo, setNewerInfo] = useState<DatasetInfo>();
  const [isSidebarOpen, setSidebarOpen] = useState(false);
  const [draft, setDraft] = useDraft(view);
  useShortcuts(filterInput, rowInput);
  useFirstDataset(view, datasets.value?.[0]?.name);

  const select = useCallback((name: string) => {
    setSidebarOpen(false);
    changeView({ dataset: name, filter: '', order: [], row: 0 });
  }, []);
  return (
    <div className="app" data-sidebar={isSidebarOpen ? 'open' : undefined}>
      <aside className="sidebar" id="sidebar">
        <Sidebar
          datasets={datasets}
          selected={view.dataset}
          info={newerInfo && newerInfo.name === dataset.value?.name ? newerInfo : dataset.value}
          onSelect={select}
          onRevealColumn={(name) => {
            setSidebarOpen(false);
            grid.current?.revealColumn(name);
          }}
          onInsertColumn={(spelled) => {
            setSidebarOpen(false);
            setDraft(draft === '' ? `${spelled} ` : `${draft} ${spelled} `);
            filterInput.current?.focus();
          }}
        />
      </aside>
      <button
        type="button"
        className="sidebar-backdrop"
        aria-label="Close the list of datasets"
        onClick={() => setSidebarOpen(false)}
      />
      <main>
        {dataset.value ? (
          <Explorer
            key={dataset.value.name}
            info={dataset.value}
            view={view}
            draft={draft}
            onDraft={setDraft}
            grid={grid}
            filterInput={filterInput}
            rowInput={rowInput}
            onOpenSidebar={() => setSidebarOpen(true)}
            onVersionChange={setNewerInfo}
          />
        ) : (
          <div className="stage">
            {dataset.error ? (
              <Failure error={dataset.error} onRetry={dataset.reload} onSuggestion={select} />
            ) : (
              dataset.isLoading && <div role="status" aria-label="Loading" className="spinner" />
            )}
          </div>
        )}
      </main>
    </div>
  );
}

interface ExplorerProps {
  info: DatasetInfo;
  view: ViewState;
  draft: string;
  onDraft: (draft: string) => void;
  grid: RefObject<DataGridHandle | null>;
  filterInput: RefObject<HTMLInputElement | null>;
  rowInput: RefObject<HTMLInputElement | null>;
  onOpenSidebar: () => void;
  onVersionChange: (info: DatasetInfo) => void;
}

/** One dataset: what it is, its filter, its rows. */
function Explorer({ info, view, draft, grid, onVersionChange, ...props }: ExplorerProps) {
  const { filter, order, row } = view;
  const rows = useRowWindow(info, { filter: filter || undefined, order }, { onVersionChange });
  const state = useRowWindowState(rows);
  const current = state.info ?? info;
  const filterError = state.error?.parameter === 'filter' ? state.error : undefined;
  return (
    <>
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
          <RowCount info={current} state={state} isFiltered={filter !== ''} />
        </div>
        <GoToRow grid={grid} rowCount={state.rowCount} inputRef={props.rowInput} />
        <ThemeToggle />
      </header>
      <FilterBox
        filter={filter}
        columns={current.columns}
        error={filterError}
        inputRef={props.filterInput}
        draft={draft}
        onDraft={props.onDraft}
        onApply={(applied) => {
          if (applied !== filter) changeView({ filter: applied, row: 0 });
          else if (state.error) rows?.retry();
        }}
      />
      <div className="rows">
        {rows && (
          <DataGrid
            ref={grid}
            rows={rows}
            order={order}
            onOrderChange={changeOrder}
            initialRow={row}
            onTopRowChange={keepRow}
            showsRequestError={!filterError}
            emptyText={filter === '' ? 'This dataset has no rows' : 'No rows match the filter'}
            label={`Rows of ${info.name}`}
          />
        )}
        {filterError && <div className="bowshot-grid-empty">The filter cannot be applied yet</div>}
      </div>
    </>
  );
}

function changeOrder(order: OrderBy[]): void {
  changeView({ order, row: 0 });
}

function keepRow(row: number): void {
  changeView({ row }, { replace: true });
}

interface RowCountProps {
  info: DatasetInfo;
  state: RowWindowState;
  isFiltered: boolean;
}

function RowCount({ info, state, isFiltered }: RowCountProps) {
  const total = exactCount(info.rows);
  if (!isFiltered) {
    return (
      <p>
        <b>{total}</b> {info.rows === 1 ? 'row' : 'rows'}
        <span>{byteSize(info.bytes)}</span>
      </p>
    );
  }
  if (state.error) return <p>{total} rows</p>;
  const kept = state.rowCountIsExact ? exactCount(state.rowCount) : 'counting…';
  return (
    <p aria-live="polite">
      <b data-pending={state.rowCountIsExact ? undefined : ''}>{kept}</b> of {total} rows
    </p>
  );
}

/** The filter as it is typed; another filter in the URL, or another dataset, replaces it. */
function useDraft({ dataset, filter }: ViewState): [string, (draft: string) => void] {
  const [kept, setKept] = useState({ dataset, filter, draft: filter });
  if (kept.dataset !== dataset || kept.filter !== filter) {
    setKept({ dataset, filter, draft: filter });
  }
  return [kept.draft, (draft) => setKept({ dataset, filter, draft })];
}

/** Without a dataset in the URL the first one is shown. */
function useFirstDataset(view: ViewState, first: string | undefined): void {
  useEffect(() => {
    if (view.dataset === undefined && first !== undefined) {
      changeView({ dataset: first }, { replace: true });
    }
  }, [view.dataset, first]);
}

/** `/` goes to the filter and `g` to the row box, unless something is being typed. */
function useShortcuts(
  filter: RefObject<HTMLInputElement | null>,
  row: RefObject<HTMLInputElement | null>,
): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLInputElement) return;
      const input =
        event.key === '/' ? filter.current : event.key === 'g' ? row.current : undefined;
      if (!input) return;
      event.preventDefault();
      input.focus();
      input.select();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [filter, row]);
}
