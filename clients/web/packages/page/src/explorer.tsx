import {
  columnConditions,
  type DatasetInfo,
  type GroupedRows,
  type OrderBy,
} from '@bowshot/client';
import {
  ColumnFilter,
  DataGrid,
  useGroupedRows,
  useProfile,
  useRowWindow,
  useRowWindowState,
  useSampleRows,
  type ColumnArrangement,
  type DataGridHandle,
  type GridRows,
  type ProfileState,
} from '@bowshot/react';
import { useCallback, useEffect, useMemo, useState, type RefObject } from 'react';

import { BuildLine } from './build-line.js';
import { DataNotice } from './data-notice.js';
import { exampleFilter } from './example-filter.js';
import { FilterBox } from './filter-box.js';
import { ProfileNotice } from './profile-notice.js';
import { Toolbar } from './toolbar.js';
import { useKeptPlace, type Place } from './use-kept-place.js';
import { useViewBuild } from './use-view-build.js';
import { changeView, currentView, regrouped, type ViewState } from './view-state.js';
import { ViewBar } from './view-bar.js';
import { waysOut } from './ways-out.js';

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
  onReload: () => void;
}

/** Above this the profile of every column is asked for only by a click: it reads all rows. */
const PROFILED_ROWS_MAX = 20_000_000;

/** One dataset: what it is, its filter, its rows. */
export function Explorer({ info, view, draft, grid, ...props }: ExplorerProps) {
  const { filter } = view;
  const place = useKeptPlace(info, view, grid);
  const [changedInfo, changed] = useChangedInfo(props.onVersionChange);
  const rows = useShownRows(info, place.view, changed, place.remember);
  const state = useRowWindowState(rows);
  const current = useCurrentInfo(state.info ?? info);
  const build = useViewBuild(current, place.view, state);
  const filterError = state.error?.parameter === 'filter' ? state.error : undefined;
  const [profileIsWanted, wantProfile] = useState(info.rows <= PROFILED_ROWS_MAX);
  const profile = useProfile(info.name, current.version, {
    filter: place.view.filter,
    columns: useShownColumns(current, view.columns),
    isReady: profileIsWanted && !state.isLoading && state.rowCountIsExact && !state.error,
  });
  useRetryOnline(rows);
  return (
    <>
      <Toolbar
        info={current}
        view={view}
        state={state}
        build={build}
        grid={grid}
        rowInput={props.rowInput}
        onOpenSidebar={props.onOpenSidebar}
        profileIsOn={profileIsWanted}
        onProfile={wantProfile}
      />
      <FilterBox
        filter={filter}
        example={exampleFilter(current.columns, profile.columns)}
        error={filterError}
        inputRef={props.filterInput}
        draft={draft}
        onDraft={props.onDraft}
        onApply={(applied) => {
          if (applied !== filter) changeView({ filter: applied });
          else if (state.error) rows?.retry();
        }}
      />
      <ViewBar info={current} view={view} state={state} />
      <div className="rows" data-wrong={filterError !== undefined || undefined}>
        {rows && (
          <Rows
            grid={grid}
            rows={rows}
            view={view}
            place={place}
            profile={profileIsWanted && !profile.error ? profile.columns : undefined}
            hasFilterError={filterError !== undefined}
            filterInput={props.filterInput}
          />
        )}
        <BuildLine build={build} />
        {filterError && <NotApplied />}
        <div className="data-notices">
          <ProfileNotice
            error={profileIsWanted ? profile.error : undefined}
            onHide={() => wantProfile(false)}
          />
          <DataNotice info={current} changedInfo={changedInfo} onReload={props.onReload} />
        </div>
      </div>
    </>
  );
}

/** In place of rows, while the filter is wrong. */
function NotApplied() {
  return (
    <div className="bowshot-grid-empty">
      <span>The filter cannot be applied yet</span>
    </div>
  );
}

interface RowsProps {
  grid: RefObject<DataGridHandle | null>;
  rows: GridRows;
  view: ViewState;
  place: Place;
  profile: ProfileState['columns'] | undefined;
  hasFilterError: boolean;
  filterInput: RefObject<HTMLInputElement | null>;
}

/** The grid, and what its columns' menus say to the view. */
function Rows({ grid, rows, view, place, profile, ...props }: RowsProps) {
  const { filter, sample } = view;
  const { name } = rows.info;
  const filtered = useMemo(() => new Set(columnConditions(filter).keys()), [filter]);
  return (
    <DataGrid
      ref={grid}
      rows={rows}
      order={view.order}
      onOrderChange={sample ? undefined : changeOrder}
      columns={view.columns}
      onColumnsChange={changeColumns}
      renderColumnPanel={(column) => (
        <ColumnFilter
          dataset={name}
          column={column}
          filter={filter}
          onFilterChange={(text) => changeView({ filter: text })}
        />
      )}
      filteredColumns={filtered}
      profile={profile}
      groupBy={view.groupBy}
      onGroupByChange={(by) => changeView({ ...regrouped(by), sample: undefined })}
      initialRow={place.row}
      activeRow={place.activeRow}
      onTopRowChange={keepRow}
      showsRequestError={!props.hasFilterError}
      renderErrorActions={(error) => waysOut(error, view, props.filterInput)}
      emptyText={filter === '' ? 'This dataset has no rows' : 'No rows match the filter'}
      label={`Rows of ${name}`}
    />
  );
}

/** All rows, rows in groups, or a sample: whichever the view says. */
function useShownRows(
  info: DatasetInfo,
  { filter, order, groupBy, measures, open, sample }: ViewState,
  onVersionChange: (info: DatasetInfo) => void,
  remember: (rows: GridRows) => void,
): GridRows | undefined {
  const isGrouped = groupBy.length > 0 && !sample;
  const kept = filter || undefined;
  const plain = useRowWindow(
    isGrouped || sample ? undefined : info,
    { filter: kept, order },
    // Where rows do not stand at their number they carry it: it keeps the reader's place.
    { onVersionChange, hasRowNumbers: kept !== undefined || order.length > 0 },
  );
  const grouped = useGroupedRows(
    isGrouped ? info : undefined,
    { filter: kept, order },
    { by: groupBy, measures },
    { expanded: open, onVersionChange },
  );
  useOpenGroups(grouped);
  const sampled = useSampleRows(
    sample ? info : undefined,
    { filter: kept, size: sample?.size ?? 0, seed: sample?.seed ?? 0, by: sample?.by },
    { onVersionChange },
  );
  const rows = sample ? sampled : isGrouped ? grouped : plain;
  useEffect(() => {
    if (rows) remember(rows);
  }, [rows, remember]);
  return rows;
}

/** The URL keeps which groups are open. */
function useOpenGroups(rows: GroupedRows | undefined): void {
  useEffect(() => {
    if (!rows) return;
    return rows.subscribe(() => {
      // Until they are all open again the URL knows more of them than the rows.
      if (!rows.rowCountIsExact) return;
      const open = rows.expanded;
      if (JSON.stringify(open) === JSON.stringify(currentView().open)) return;
      changeView({ open }, { replace: true });
    });
  }, [rows]);
}

/** The dataset's own columns, without those that a sample adds. */
function useCurrentInfo(info: DatasetInfo): DatasetInfo {
  return useMemo(() => {
    const columns = info.columns.filter(({ isDerived }) => !isDerived);
    return columns.length === info.columns.length ? info : { ...info, columns };
  }, [info]);
}

/** The dataset as it was found to have changed under the rows. */
function useChangedInfo(
  onVersionChange: (info: DatasetInfo) => void,
): [DatasetInfo | undefined, (info: DatasetInfo) => void] {
  const [changedInfo, setChangedInfo] = useState<DatasetInfo>();
  const changed = useCallback(
    (newer: DatasetInfo) => {
      setChangedInfo(newer);
      onVersionChange(newer);
    },
    [onVersionChange],
  );
  return [changedInfo, changed];
}

/** The names of the columns that are shown: the profile of the others is not asked for. */
function useShownColumns(info: DatasetInfo, { hidden }: ColumnArrangement): string[] {
  return useMemo(
    () => info.columns.map(({ name }) => name).filter((name) => !hidden.includes(name)),
    [info, hidden],
  );
}

/** What failed for want of a connection is asked again when there is one. */
function useRetryOnline(rows: GridRows | undefined): void {
  useEffect(() => {
    const retry = () => rows?.retry();
    addEventListener('online', retry);
    return () => removeEventListener('online', retry);
  }, [rows]);
}

function changeOrder(order: OrderBy[]): void {
  changeView({ order, row: 0 });
}

/** Widths only refine what is shown. */
function changeColumns(columns: ColumnArrangement): void {
  const { columns: before } = currentView();
  const { first, hidden, pinned } = columns;
  const isOnlyWidth =
    first === before.first && hidden === before.hidden && pinned === before.pinned;
  changeView({ columns }, { replace: isOnlyWidth });
}

function keepRow(row: number): void {
  changeView({ row }, { replace: true });
}
