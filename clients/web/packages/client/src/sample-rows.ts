import type { WholeAnswer } from './answer.js';
import type { Dataset, DatasetInfo } from './client.js';
import type { SampleParameters } from './request.js';
import type { RowSource } from './row-window.js';

/** Which rows a sample is drawn from, how many, and which of the samples. */
export type SampleView = Omit<SampleParameters, 'version'>;

/**
 * A sample as a source of pages: it comes in one answer, and every page is a part of it.
 *
 *     const view = { size: 1000, by: 'carrier' };
 *     const info = sampleInfo(await flights.info(), view);
 *     const rows = new RowWindow(sampleRows(flights, view), info, { isFiltered: true });
 */
export function sampleRows(dataset: Dataset, view: SampleView): RowSource {
  let kept: { version: string; answer: Promise<WholeAnswer> } | undefined;
  const answerOf = (version: string, signal: AbortSignal): Promise<WholeAnswer> => {
    if (kept?.version === version) return untilAborted(kept.answer, signal);
    // Not ended with one page's request: the next page needs the same answer.
    const answer = dataset.sample({ ...view, version }).read();
    kept = { version, answer };
    answer.catch(() => {
      kept = undefined;
    });
    return untilAborted(answer, signal);
  };
  return {
    async page({ offset, limit, version }, signal) {
      const { table, facts, bytes } = await answerOf(version, signal);
      const page = table.slice(offset, offset + limit);
      const share = table.numRows === 0 ? 1 : page.numRows / table.numRows;
      return {
        table: page,
        facts: { ...facts, totalRows: table.numRows },
        bytes: Math.ceil(bytes * share),
      };
    },
    count: async (version, signal) => (await answerOf(version, signal)).table.numRows,
    info: async (signal) => sampleInfo(await dataset.info({ signal }), view),
  };
}

/** The dataset as its sample shows it: a stratified one has a column more, the weight of each row. */
export function sampleInfo(info: DatasetInfo, { by }: SampleView): DatasetInfo {
  if (by === undefined) return info;
  const weight = { name: '_weight', type: 'float64', nullable: false, isDerived: true } as const;
  return { ...info, columns: [...info.columns, weight] };
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
