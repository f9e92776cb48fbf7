export {
  Query,
  BatchStream,
  type AnswerFacts,
  type ReadOptions,
  type WholeAnswer,
} from './answer.js';
export {
  connect,
  Bowshot,
  Dataset,
  type ColumnInfo,
  type DatasetInfo,
  type DatasetSummary,
} from './client.js';
export type { CodecName } from './codecs.js';
export { BowshotError, type ClientErrorCode, type Problem } from './error.js';
export {
  ROW_NUMBER,
  spellName,
  type AggregateParameters,
  type ColumnName,
  type CommonParameters,
  type CountParameters,
  type OrderBy,
  type RowsParameters,
} from './request.js';
export {
  datasetRows,
  RowWindow,
  type RowPlace,
  type RowSource,
  type RowsView,
  type RowWindowOptions,
} from './row-window.js';
export { stringIndex, tokenEnd } from './text-position.js';
export type { TransportOptions } from './transport.js';
