import type { FilterFormProps } from './form-props.js';

/** Only what is missing, or only what is there. */
export function NullFilter({ column, condition, onChange }: FilterFormProps) {
  if (!column.nullable) return <span />;
  const isNull = condition?.kind === 'null' ? condition.isNull : undefined;
  const choose = (wanted: boolean) =>
    onChange(isNull === wanted ? undefined : { kind: 'null', isNull: wanted });
  return (
    <div role="group" aria-label="Missing values" className="bowshot-segments">
      <button type="button" aria-pressed={isNull === true} onClick={() => choose(true)}>
        is null
      </button>
      <button type="button" aria-pressed={isNull === false} onClick={() => choose(false)}>
        is not null
      </button>
    </div>
  );
}
