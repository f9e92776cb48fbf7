import { spellText, type ColumnCondition, type TextMatch } from '@bowshot/client';
import { useState } from 'react';

import type { FilterFormProps } from './form-props.js';

type Match = TextMatch | 'equals';

const MATCHES: readonly [Match, string][] = [
  ['contains', 'contains'],
  ['starts', 'starts with'],
  ['equals', 'equals'],
];

/** Text that the column's values contain, begin with or are. Applied by Enter, or when it is left. */
export function TextFilter({ column, condition, onChange }: FilterFormProps) {
  const applied = readCondition(condition);
  const [kept, setKept] = useState({ applied: applied.text, draft: applied.text });
  const [chosen, setMatch] = useState<Match>();
  // The filter's text was changed elsewhere: it holds.
  if (kept.applied !== applied.text) setKept({ applied: applied.text, draft: applied.text });
  const match = applied.match ?? chosen ?? 'contains';
  const apply = (how: Match, text: string) => {
    if (text === applied.text && how === applied.match) return;
    if (text !== '') onChange(conditionOf(how, text));
    else if (applied.match) onChange(undefined);
  };
  return (
    <form
      className="bowshot-filter-text"
      onSubmit={(event) => {
        event.preventDefault();
        apply(match, kept.draft);
      }}
    >
      <select
        aria-label="How to compare"
        value={match}
        onChange={(event) => {
          const how = event.target.value as Match;
          setMatch(how);
          apply(how, kept.draft);
        }}
      >
        {MATCHES.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <input
        type="text"
        data-autofocus=""
        aria-label={`Text of ${column.name}`}
        placeholder="Text"
        autoComplete="off"
        spellCheck={false}
        value={kept.draft}
        onChange={(event) => setKept({ applied: applied.text, draft: event.target.value })}
        onBlur={() => apply(match, kept.draft)}
      />
    </form>
  );
}

function readCondition(condition: ColumnCondition | undefined): {
  match: Match | undefined;
  text: string;
} {
  if (condition?.kind === 'text') return { match: condition.match, text: condition.text };
  return { match: undefined, text: '' };
}

function conditionOf(match: Match, text: string): ColumnCondition {
  if (match !== 'equals') return { kind: 'text', match, text };
  return { kind: 'values', literals: [spellText(text)], hasNull: false };
}
