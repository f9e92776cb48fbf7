import { isNumericType, type DatasetInfo, type GroupMeasure } from '@bowshot/client';
import { canGroup, exactText, type RowWindowState } from '@bowshot/react';

import { CrossIcon } from './cross-icon.js';
import { changeView, regrouped, type SampleState, type ViewState } from './view-state.js';

interface ViewBarProps {
  info: DatasetInfo;
  view: ViewState;
  state: RowWindowState;
}

const SAMPLE_MAX = 1_000_000;

/** What the rows below are, where they are not simply all: groups, or a sample. */
export function ViewBar({ info, view, state }: ViewBarProps) {
  if (view.sample) return <SampleBar info={info} view={view} state={state} />;
  if (view.groupBy.length > 0) return <GroupBar info={info} view={view} />;
  return null;
}

function SampleBar({ info, view, state }: ViewBarProps) {
  const sample = view.sample!;
  const { size, seed } = sample;
  const population = state.facts?.population;
  const isAll = population !== undefined && state.rowCount >= population;
  return (
    <div className="view-bar" role="group" aria-label="Sample">
      <span className="badge">Sample</span>
      <span role="status">
        {state.error
          ? 'no sample'
          : population === undefined || !state.rowCountIsExact
            ? 'Sampling…'
            : `sampled ${exactText(state.rowCount)} of ${exactText(population)}`}
        {view.order.length > 0 && ' · in the order of the draw'}
      </span>
      <ShareSelect info={info} sample={sample} />
      <span className="view-bar-space" />
      <button
        type="button"
        className="tool"
        disabled={isAll || size >= SAMPLE_MAX}
        onClick={() =>
          changeView(
            { sample: { ...sample, size: Math.min(size * 2, SAMPLE_MAX) } },
            { replace: true },
          )
        }
      >
        More
      </button>
      <button
        type="button"
        className="tool"
        disabled={isAll}
        onClick={() => changeView({ sample: { ...sample, seed: seed + 1 }, row: 0 })}
      >
        Another
      </button>
      <button
        type="button"
        className="tool"
        onClick={() => changeView({ sample: undefined, row: 0 })}
      >
        All rows
      </button>
    </div>
  );
}

/** Which column's values have equal shares of the sample. */
function ShareSelect({ info, sample }: { info: DatasetInfo; sample: SampleState }) {
  return (
    <select
      className="chip chip-add"
      aria-label="Equal shares of"
      title="Draws as many rows of each value; a column _weight tells how many each row stands for"
      data-chosen={sample.by === undefined ? undefined : ''}
      value={sample.by === undefined ? '' : `=${sample.by}`}
      onChange={(event) => {
        const { value } = event.target;
        changeView({
          sample: { ...sample, by: value === '' ? undefined : value.slice(1) },
          row: 0,
        });
      }}
    >
      <option value="">uniform</option>
      {info.columns.filter(canGroup).map(({ name }) => (
        // A name may be empty: it must not be taken for none.
        <option key={name} value={`=${name}`}>
          equal shares of {name}
        </option>
      ))}
    </select>
  );
}

const MEASURES: readonly GroupMeasure['measure'][] = ['mean', 'median', 'sum', 'min', 'max'];

function GroupBar({ info, view }: Omit<ViewBarProps, 'state'>) {
  const { groupBy, measures } = view;
  const numeric = info.columns.filter(
    ({ name, type }) => isNumericType(type) && !groupBy.includes(name),
  );
  const free = numeric.filter(({ name }) => measures.every(({ column }) => column !== name));
  const setMeasure = (column: string, measure: GroupMeasure['measure']) =>
    changeView({
      measures: measures.map((item) => (item.column === column ? { column, measure } : item)),
    });
  return (
    <div className="view-bar" role="group" aria-label="Groups">
      <span className="badge">Groups</span>
      {groupBy.map((name, depth) => (
        <Chip
          key={name}
          label={`Do not group by ${name}`}
          onRemove={() => changeView(regrouped(groupBy.filter((other) => other !== name)))}
        >
          {depth > 0 && <small>then </small>}
          {name}
        </Chip>
      ))}
      {measures.map(({ column, measure }) => (
        <Chip
          key={column}
          label={`Do not measure ${column}`}
          onRemove={() =>
            changeView({ measures: measures.filter((other) => other.column !== column) })
          }
        >
          <select
            aria-label={`Measure of ${column}`}
            value={measure}
            onChange={(event) => setMeasure(column, event.target.value as GroupMeasure['measure'])}
          >
            {MEASURES.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          {column}
        </Chip>
      ))}
      {free.length > 0 && (
        <select
          className="chip chip-add"
          aria-label="Measure a column"
          value=""
          onChange={(event) => {
            const column = event.target.value;
            changeView({ measures: [...measures, { column, measure: 'mean' }] });
          }}
        >
          <option value="">+ measure</option>
          {free.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
    </div>
  );
}

interface ChipProps {
  label: string;
  onRemove: () => void;
  children: React.ReactNode;
}

function Chip({ label, onRemove, children }: ChipProps) {
  return (
    <span className="chip">
      {children}
      <button type="button" aria-label={label} title={label} onClick={onRemove}>
        <CrossIcon size={10} />
      </button>
    </span>
  );
}
