import { spellName, stringIndex, tokenEnd, type BowshotError } from '@bowshot/client';
import { useId, useLayoutEffect, useRef, type RefObject } from 'react';

import { CrossIcon } from './cross-icon.js';

interface FilterBoxProps {
  /** The filter that is applied. */
  filter: string;
  /** One that this dataset takes, to show how they are written. */
  example: string;
  /** Why the server does not take it. */
  error: BowshotError | undefined;
  inputRef: RefObject<HTMLInputElement | null>;
  draft: string;
  onDraft: (draft: string) => void;
  onApply: (filter: string) => void;
}

/**
 * The filter as text. Enter applies, Escape clears. An error of the server is underlined where it is,
 * with its suggestions to click.
 */
export function FilterBox({ filter, example, error, inputRef, draft, ...props }: FilterBoxProps) {
  const errorId = useId();
  const mark = error && draft === filter ? errorMark(filter, error) : undefined;
  useCaretAt(inputRef, error, mark?.start);
  const clear = () => {
    props.onDraft('');
    props.onApply('');
  };
  return (
    <form
      role="search"
      className="filter"
      data-wrong={mark !== undefined || undefined}
      data-changed={draft !== filter || undefined}
      onSubmit={(event) => {
        event.preventDefault();
        props.onApply(draft.trim());
      }}
    >
      <div className="filter-line">
        <FilterIcon />
        <FilterInput
          inputRef={inputRef}
          draft={draft}
          mark={mark}
          placeholder={example === '' ? 'Filter' : `Filter, e.g. ${example}`}
          errorId={mark ? errorId : undefined}
          onDraft={props.onDraft}
          onClear={clear}
        />
        {draft !== filter && <span className="filter-hint">Enter to apply</span>}
        {(draft !== '' || filter !== '') && (
          <button
            type="button"
            className="icon-button"
            aria-label="Clear the filter"
            onClick={clear}
          >
            <CrossIcon size={12} />
          </button>
        )}
        {draft === '' && filter === '' && <kbd>/</kbd>}
      </div>
      {mark && error && (
        <FilterError
          id={errorId}
          error={error}
          filter={filter}
          mark={mark}
          onReplace={(replaced) => {
            props.onDraft(replaced);
            props.onApply(replaced);
            inputRef.current?.focus();
          }}
        />
      )}
    </form>
  );
}

interface Mark {
  start: number;
  end: number;
}

function errorMark(filter: string, error: BowshotError): Mark {
  const start = stringIndex(filter, error.position ?? 0);
  return { start, end: error.position === undefined ? filter.length : tokenEnd(filter, start) };
}

/** Puts the caret where the error is, once for each error, if the reader is still in the box. */
function useCaretAt(
  inputRef: RefObject<HTMLInputElement | null>,
  error: BowshotError | undefined,
  position: number | undefined,
): void {
  const shown = useRef<BowshotError>(undefined);
  useLayoutEffect(() => {
    if (!error || position === undefined || shown.current === error) return;
    shown.current = error;
    const input = inputRef.current;
    if (input && document.activeElement === input) input.setSelectionRange(position, position);
  }, [inputRef, error, position]);
}

interface FilterInputProps {
  inputRef: RefObject<HTMLInputElement | null>;
  draft: string;
  mark: Mark | undefined;
  placeholder: string;
  errorId: string | undefined;
  onDraft: (draft: string) => void;
  onClear: () => void;
}

/** The box, over a copy of its text that carries the underline. */
function FilterInput({ inputRef, draft, mark, ...props }: FilterInputProps) {
  const copy = useRef<HTMLDivElement>(null);
  const follow = () => {
    if (copy.current && inputRef.current) copy.current.scrollLeft = inputRef.current.scrollLeft;
  };
  useLayoutEffect(follow);
  return (
    <div className="filter-input">
      <div ref={copy} aria-hidden className="filter-copy">
        {mark && (
          <>
            {draft.slice(0, mark.start)}
            <mark>{draft.slice(mark.start, mark.end) || ' '}</mark>
            {draft.slice(mark.end)}
          </>
        )}
      </div>
      <input
        ref={inputRef}
        type="text"
        aria-label="Filter"
        aria-invalid={mark !== undefined}
        aria-describedby={props.errorId}
        autoComplete="off"
        autoCapitalize="off"
        autoCorrect="off"
        spellCheck={false}
        placeholder={props.placeholder}
        value={draft}
        onChange={(event) => props.onDraft(event.target.value)}
        onScroll={follow}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && draft !== '') {
            event.preventDefault();
            props.onClear();
          }
        }}
      />
    </div>
  );
}

interface FilterErrorProps {
  id: string;
  error: BowshotError;
  filter: string;
  mark: Mark;
  onReplace: (filter: string) => void;
}

function FilterError({ id, error, filter, mark, onReplace }: FilterErrorProps) {
  const isColumn = error.code === 'unknown_column';
  return (
    <div id={id} role="alert" className="filter-error">
      <span>{error.detail || error.title}</span>
      {error.suggestions.length > 0 && <span className="filter-error-ask">Did you mean</span>}
      {error.suggestions.map((suggestion) => {
        const spelled = isColumn ? spellName(suggestion) : suggestion;
        return (
          <button
            key={suggestion}
            type="button"
            className="suggestion"
            onClick={() =>
              onReplace(filter.slice(0, mark.start) + spelled + filter.slice(mark.end))
            }
          >
            {suggestion}
          </button>
        );
      })}
    </div>
  );
}

function FilterIcon() {
  return (
    <svg aria-hidden width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor">
      <path d="M2 4h12M4.5 8h7M7 12h2" strokeWidth="1.5" strokeLinecap="round" />
    </svg>
  );
}
