import type { DatasetInfo, DatasetSummary } from '@bowshot/client';
import { spellName } from '@bowshot/client';
import { exactText, roughText, type Loaded } from '@bowshot/react';

import { convertedShare } from './converting.js';
import { Failure } from './failure.js';
import { useRovingList } from './roving-list.js';

interface SidebarProps {
  datasets: Loaded<DatasetSummary[]>;
  selected: string | undefined;
  info: DatasetInfo | undefined;
  onSelect: (name: string) => void;
  onRevealColumn: (name: string) => void;
  onInsertColumn: (spelled: string) => void;
}

/** The datasets, and the columns of the one that is shown. */
export function Sidebar({ datasets, selected, info, ...props }: SidebarProps) {
  return (
    <div className="sidebar-content">
      <div className="brand">
        <img src="./favicon.svg" alt="" width="24" height="24" />
        Bowshot
      </div>
      <nav aria-label="Datasets">
        <h2>Datasets</h2>
        <DatasetList datasets={datasets} selected={selected} onSelect={props.onSelect} />
      </nav>
      {info && (
        <section aria-label="Columns">
          <h2>
            Columns <span>{exactText(info.columns.length)}</span>
          </h2>
          <ColumnList
            key={info.name}
            info={info}
            onReveal={props.onRevealColumn}
            onInsert={props.onInsertColumn}
          />
        </section>
      )}
    </div>
  );
}

function DatasetList({
  datasets,
  selected,
  onSelect,
}: Pick<SidebarProps, 'datasets' | 'selected' | 'onSelect'>) {
  const shown = datasets.value?.findIndex(({ name }) => name === selected) ?? 0;
  const { list, tabIndex } = useRovingList(shown);
  if (datasets.error) return <Failure error={datasets.error} onRetry={datasets.reload} />;
  if (!datasets.value) return <Placeholders count={3} />;
  if (datasets.value.length === 0) {
    return (
      <p className="hint">
        No datasets yet. Start the server with a file: <code>bowshot serve data.parquet</code>
      </p>
    );
  }
  return (
    <ul className="dataset-list" {...list}>
      {datasets.value.map(({ name, rows, problem }, index) => (
        <li key={name}>
          <button
            type="button"
            tabIndex={tabIndex(index)}
            aria-current={name === selected ? 'page' : undefined}
            title={`${name}: ${problem ? problem.detail : `${exactText(rows)} rows`}`}
            onClick={() => onSelect(name)}
          >
            <span>{name}</span>
            <small data-problem={problem?.code}>
              {problem ? sayProblem(problem) : roughText(rows)}
            </small>
          </button>
        </li>
      ))}
    </ul>
  );
}

function sayProblem({ code, detail }: { code: string; detail: string }): string {
  if (code !== 'not_ready') return 'unreadable';
  const share = convertedShare(detail);
  return share === undefined ? 'converting' : `${Math.floor(100 * share)} %`;
}

interface ColumnListProps {
  info: DatasetInfo;
  onReveal: (name: string) => void;
  onInsert: (spelled: string) => void;
}

function ColumnList({ info, onReveal, onInsert }: ColumnListProps) {
  const { list, tabIndex } = useRovingList(0);
  return (
    <ul className="column-list" {...list}>
      {info.columns.map(({ name, type, nullable }, index) => (
        <li key={name}>
          <button
            type="button"
            tabIndex={tabIndex(index)}
            title={`${name}: ${type}${nullable ? ', may be null' : ''}. Show in the grid`}
            onClick={() => onReveal(name)}
          >
            <span>{name}</span>
            <code>
              {type}
              {nullable && <i title="may be null">?</i>}
            </code>
          </button>
          <button
            type="button"
            className="insert"
            tabIndex={-1}
            title={`Put ${name} into the filter`}
            aria-label={`Put ${name} into the filter`}
            onClick={() => onInsert(spellName(name))}
          >
            <svg aria-hidden width="12" height="12" viewBox="0 0 12 12" stroke="currentColor">
              <path d="M6 2v8M2 6h8" strokeWidth="1.5" strokeLinecap="round" />
            </svg>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Placeholders({ count }: { count: number }) {
  return (
    <div role="status" aria-label="Loading datasets" className="placeholders">
      {Array.from({ length: count }, (_, index) => (
        <div key={index} />
      ))}
    </div>
  );
}
