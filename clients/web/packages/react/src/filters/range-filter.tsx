import { groupDigits, type Histogram } from '@bowshot/client';
import { useId, useState } from 'react';

import type { FilterFormProps } from './form-props.js';
import { useHistogram } from '../summary-hooks.js';
import {
  boundLiteral,
  changedRange,
  lowerPosition,
  rangeText,
  upperPosition,
  type RangeText,
} from './bounds.js';
import { HistogramBrush } from './histogram-brush.js';

const BINS = 40;
/** Characters of a bound that have room beside the other one. */
const SHORT_LENGTH_MAX = 14;

/** From and to, typed or brushed on the histogram of what the rest of the filter keeps. */
export function RangeFilter({ dataset, column, condition, rest, onChange }: FilterFormProps) {
  const { name, type } = column;
  const loaded = useHistogram(dataset, { column: name, filter: rest, bins: BINS });
  const histogram = loaded.value ?? loaded.previous;
  const [least = '', greatest = ''] = [histogram?.edgeTexts[0], histogram?.edgeTexts.at(-1)];
  const isLong = Math.max(least.length, greatest.length) > SHORT_LENGTH_MAX;
  const applied = rangeText(condition, type);
  const [kept, setKept] = useState({ applied, draft: applied });
  // The filter's text was changed elsewhere: it holds.
  if (kept.applied.from !== applied.from || kept.applied.to !== applied.to) {
    setKept({ applied, draft: applied });
  }
  const draft = kept.draft;
  const setDraft = (changed: RangeText) => setKept({ applied, draft: changed });
  const apply = ({ from, to }: RangeText) => {
    if (from === applied.from && to === applied.to) return;
    const changed = changedRange(condition, { from, to }, type);
    if (changed !== 'wrong') onChange(changed);
  };
  return (
    <form
      className="bowshot-filter-range"
      onSubmit={(event) => {
        event.preventDefault();
        apply(draft);
      }}
    >
      {loaded.error && <p className="bowshot-filter-hint">{loaded.error.detail}</p>}
      <HistogramBrush
        histogram={histogram}
        isLoading={loaded.isLoading}
        from={lowerPosition(draft.from, type)}
        to={upperPosition(draft.to, type)}
        edgeText={(edge) => (histogram ? edgeText(histogram, edge, type) : '')}
        onBrush={(first, last, isDone) => {
          if (!histogram) return;
          const range = brushed(histogram, first, last, type);
          setDraft(range);
          if (isDone) apply(range);
        }}
      />
      <div className="bowshot-filter-ends" data-long={isLong || undefined}>
        <End
          label="From"
          type={type}
          text={draft.from}
          placeholder={least}
          onText={(from) => setDraft({ ...draft, from })}
          onApply={() => apply(draft)}
          hasFocus
        />
        <End
          label="To"
          type={type}
          text={draft.to}
          placeholder={greatest}
          onText={(to) => setDraft({ ...draft, to })}
          onApply={() => apply(draft)}
        />
      </div>
      <button type="submit" className="bowshot-visually-hidden" tabIndex={-1}>
        Apply
      </button>
    </form>
  );
}

interface EndProps {
  label: string;
  type: string;
  text: string;
  placeholder: string;
  onText: (text: string) => void;
  onApply: () => void;
  hasFocus?: boolean;
}

function End({ label, type, text, placeholder, onText, onApply, hasFocus }: EndProps) {
  const id = useId();
  const isWrong = text !== '' && boundLiteral(text, type) === undefined;
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="text"
        autoComplete="off"
        spellCheck={false}
        data-autofocus={hasFocus ? '' : undefined}
        placeholder={placeholder}
        aria-invalid={isWrong}
        value={text}
        onChange={(event) => onText(event.target.value)}
        onBlur={onApply}
      />
    </div>
  );
}

/** The texts of a stretch of bins: whole numbers for whole-number columns, days for long times. */
function brushed(histogram: Histogram, first: number, last: number, type: string): RangeText {
  const { edges, edgeTexts } = histogram;
  const isWhole = /^u?int/.test(type);
  if (isTime(type)) {
    const isLong = edges.at(-1)! - edges[0]! > 40 * 86_400_000;
    const text = (edge: number) =>
      isLong || type === 'date32'
        ? edgeTexts[edge]!.slice(0, 10)
        : edgeTexts[edge]!.slice(0, 19).replace(' ', 'T');
    return { from: text(first), to: text(last + 1) };
  }
  const from = edges[first]!;
  const to = edges[last + 1]!;
  if (!isWhole) return { from: shortText(from, edges), to: shortText(to, edges) };
  const isLastBin = last + 2 === edges.length;
  // An inner edge belongs to the bin after it.
  const end = isLastBin ? Math.floor(to) : Math.ceil(to) - 1;
  return { from: String(Math.ceil(from)), to: String(Math.max(Math.ceil(from), end)) };
}

/** As many digits as a bin's width asks for. */
function shortText(value: number, edges: readonly number[]): string {
  const width = (edges.at(-1)! - edges[0]!) / (edges.length - 1);
  if (value === edges[0] || value === edges.at(-1) || width <= 0) return String(value);
  const digits = Math.min(15, Math.max(0, 1 - Math.floor(Math.log10(width))));
  return String(Number(value.toFixed(digits)));
}

/** An edge for a label: a time to the second, a number without digits that mean nothing. */
function edgeText({ edges, edgeTexts }: Histogram, edge: number, type: string): string {
  if (isTime(type)) return edgeTexts[edge]!.slice(0, 19);
  return groupDigits(shortText(edges[edge]!, edges));
}

function isTime(type: string): boolean {
  return type.startsWith('timestamp') || type === 'date32';
}
