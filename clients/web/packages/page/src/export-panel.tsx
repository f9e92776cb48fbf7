import {
  BowshotError,
  fileNameOf,
  type DatasetInfo,
  type Format,
  type Query,
  type SaveProgress,
} from '@bowshot/client';
import { exactText, Popover, useBowshot, type RowWindowState } from '@bowshot/react';
import { useEffect, useRef, useState } from 'react';

import { byteSize } from './byte-size.js';
import { sayMatches } from './match-count.js';
import { openSink } from './save-sink.js';
import { viewQuery } from './view-query.js';
import type { ViewState } from './view-state.js';

interface ExportPanelProps {
  info: DatasetInfo;
  view: ViewState;
  state: RowWindowState;
  anchor: Element;
  onClose: () => void;
}

const FORMATS: readonly [Format, string][] = [
  ['parquet', 'Parquet'],
  ['csv', 'CSV'],
  ['arrow-file', 'Arrow'],
];

type Run =
  | { kind: 'none' }
  | { kind: 'running'; progress: SaveProgress | undefined; since: number; stop: () => void }
  | { kind: 'done'; bytes: number }
  | { kind: 'cancelled' }
  | { kind: 'failed'; title: string; detail: string };

/** All rows of the view, filtered and sorted, as a file. */
export function ExportPanel({ info, view, state, anchor, onClose }: ExportPanelProps) {
  const bowshot = useBowshot();
  const [format, setFormat] = useState<Format>('parquet');
  const query = viewQuery(bowshot, info, view);
  const fileName = fileNameOf(query.request, format);
  const { run, start } = useSave();
  const isRunning = run.kind === 'running';
  return (
    <Popover anchor={anchor} align="end" label="Export" onClose={onClose} className="panel">
      <h3>Export</h3>
      <p className="panel-text">{sayWhat(view, state, info)}</p>
      <div className="bowshot-segments wide" role="group" aria-label="Format">
        {FORMATS.map(([value, label]) => (
          <button
            key={value}
            type="button"
            aria-pressed={value === format}
            disabled={isRunning}
            onClick={() => setFormat(value)}
          >
            {label}
          </button>
        ))}
      </div>
      <RunState run={run} />
      <div className="panel-foot">
        <a href={query.url({ format, fileName })} download={fileName}>
          Plain link
        </a>
        {isRunning ? (
          <button type="button" className="button" onClick={run.stop}>
            Cancel
          </button>
        ) : (
          <button
            type="button"
            className="button primary"
            data-autofocus=""
            onClick={() => void start(query, format, fileName)}
          >
            Download
          </button>
        )}
      </div>
    </Popover>
  );
}

function sayWhat(view: ViewState, state: RowWindowState, info: DatasetInfo): string {
  const hidden = view.columns.hidden.length;
  const columns = hidden > 0 ? `, without ${hidden} hidden columns` : '';
  if (view.sample) {
    const size = state.rowCountIsExact ? state.rowCount : view.sample.size;
    return `The sample of ${exactText(size)} rows${columns}.`;
  }
  const isAll = view.filter === '';
  const count = isAll ? exactText(info.rows) : (sayMatches(view, state) ?? 'the filtered');
  return `All ${count} rows${view.order.length > 0 ? ', sorted' : ''}${columns}.`;
}

/** Runs one download at a time; leaving the panel ends it. */
function useSave() {
  const [run, setRun] = useState<Run>({ kind: 'none' });
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const start = async (query: Query, format: Format, fileName: string) => {
    const sink = await openSink(fileName, format);
    if (!sink) return;
    const controller = new AbortController();
    running.current = controller;
    const { signal } = controller;
    const since = performance.now();
    const stop = () => controller.abort();
    const show = (progress?: SaveProgress) => setRun({ kind: 'running', progress, since, stop });
    show();
    try {
      const { bytes } = await query.save(format, sink, { signal, onProgress: show });
      setRun({ kind: 'done', bytes });
    } catch (error) {
      setRun(signal.aborted ? { kind: 'cancelled' } : failure(error));
    }
  };
  return { run, start };
}

function failure(error: unknown): Run {
  if (error instanceof BowshotError) {
    return { kind: 'failed', title: error.title, detail: error.detail };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', title: 'The file could not be written', detail };
}

function RunState({ run }: { run: Run }) {
  switch (run.kind) {
    case 'none':
      return null;
    case 'running': {
      const { bytes = 0, bytesTotal } = run.progress ?? {};
      return (
        <div className="run" role="status">
          <progress aria-label="Download" max={bytesTotal} value={bytesTotal && bytes} />
          <span>{run.progress ? sayProgress(run.progress, run.since) : 'Asking the server…'}</span>
        </div>
      );
    }
    case 'done':
      return (
        <p role="status" className="run">
          Complete: {byteSize(run.bytes)}
        </p>
      );
    case 'cancelled':
      return (
        <p role="status" className="run">
          Cancelled. No file was kept.
        </p>
      );
    case 'failed':
      return (
        <div role="alert" className="run failure">
          <strong>{run.title}</strong>
          <span>{run.detail} No file was kept.</span>
        </div>
      );
  }
}

function sayProgress({ bytes, bytesTotal, rows }: SaveProgress, since: number): string {
  const seconds = Math.max(0.1, (performance.now() - since) / 1000);
  const of = bytesTotal === undefined ? '' : ` of ${byteSize(bytesTotal)}`;
  const whole = rows === undefined ? '' : ` · ${exactText(rows)} rows in all`;
  return `${byteSize(bytes)}${of} · ${byteSize(bytes / seconds)}/s${whole}`;
}
