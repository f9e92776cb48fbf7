import type { BowshotError } from '@bowshot/client';

interface FailureProps {
  error: BowshotError;
  onRetry: () => void;
  /** Offers the server's suggestions. */
  onSuggestion?: (suggestion: string) => void;
}

/** What went wrong, and a way on. */
export function Failure({ error, onRetry, onSuggestion }: FailureProps) {
  return (
    <div role="alert" className="failure">
      <strong>{error.title}</strong>
      <p>{error.detail}</p>
      <div>
        <button type="button" className="button" onClick={onRetry}>
          Retry
        </button>
        {onSuggestion &&
          error.suggestions.map((suggestion) => (
            <button
              key={suggestion}
              type="button"
              className="suggestion"
              onClick={() => onSuggestion(suggestion)}
            >
              {suggestion}
            </button>
          ))}
      </div>
    </div>
  );
}
