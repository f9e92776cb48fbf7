import type { DatasetInfo } from '@bowshot/client';
import { useDataset, useDatasets, type DataGridHandle, type Loaded } from '@bowshot/react';
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';

import { Converting } from './converting.js';
import { Explorer } from './explorer.js';
import { Failure } from './failure.js';
import { Sidebar } from './sidebar.js';
import { changeView, EMPTY_VIEW, useView, type ViewState } from './view-state.js';

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
    changeView({ ...EMPTY_VIEW, dataset: name });
  }, []);
  return (
    <div className="app" data-sidebar={isSidebarOpen ? 'open' : undefined}>
      <button type="button" className="skip" onClick={() => grid.current?.focus()}>
        Skip to the rows
      </button>
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
            onReload={dataset.reload}
          />
        ) : (
          <Stage dataset={dataset} name={view.dataset} onSelect={select} />
        )}
      </main>
    </div>
  );
}

interface StageProps {
  dataset: Loaded<DatasetInfo>;
  name: string | undefined;
  onSelect: (name: string) => void;
}

/** In place of the rows while there is no dataset to show. */
function Stage({ dataset, name = '', onSelect }: StageProps) {
  const { error, isLoading, reload } = dataset;
  return (
    <div className="stage">
      {error?.code === 'not_ready' ? (
        <Converting name={name} error={error} />
      ) : error ? (
        <Failure error={error} onRetry={reload} onSuggestion={onSelect} />
      ) : (
        isLoading && <div role="status" aria-label="Loading" className="spinner" />
      )}
    </div>
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
