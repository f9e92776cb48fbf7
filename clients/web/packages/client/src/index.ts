export {
  Query,
  BatchStream,
  type AnswerFacts,
  type ByteSink,
  type ReadOptions,
  type SaveOptions,
  type SaveProgress,
  type WholeAnswer,
} from './answer.js';
export { cellLiteral, equalsCell, spellText } from './cell-literal.js';
export { cellText, groupDigits, isNumericType, plainText, wholeText } from './cell-text.js';
export {
  connect,
  Bowshot,
  Dataset,
  type ColumnInfo,
  type DatasetInfo,
  type DatasetSummary,
  type InfoOptions,
  type ViewStatus,
} from './client.js';
export { codeSample, fileNameOf, type SampleLanguage, type SampleServer } from './code-sample.js';
export type { CodecName } from './codecs.js';
export { BowshotError, type ClientErrorCode, type Problem } from './error.js';
export {
  columnConditions,
  spellCondition,
  textOf,
  withCondition,
  type Bound,
  type ColumnCondition,
  type TextMatch,
} from './filter-conditions.js';
export { GroupedRows, type GroupedRowsOptions, type Grouping } from './grouped-rows.js';
export type { GroupLine, GroupMeasure, GroupPath, LinePlace } from './group-tree.js';
export {
  ROW_NUMBER,
  spellName,
  type AggregateParameters,
  type AnswerForm,
  type ColumnName,
  type CommonParameters,
  type CountParameters,
  type Format,
  type HistogramParameters,
  type OrderBy,
  type ProfileParameters,
  type RowsParameters,
  type SampleParameters,
  type ValuesParameters,
  type WireRequest,
} from './request.js';
export {
  datasetRows,
  RowWindow,
  type RowPlace,
  type RowSource,
  type RowsView,
  type RowWindowOptions,
} from './row-window.js';
export { findRows, precedes, type FoundRows, type MarkedRow } from './row-place.js';
export { sampleInfo, sampleRows, type SampleView } from './sample-rows.js';
export type { ColumnProfile, Histogram, ValueCounts } from './summaries.js';
export { stringIndex, tokenEnd } from './text-position.js';
export type { TransportOptions } from './transport.js';
