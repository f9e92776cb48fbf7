/** What closes, clears and removes. */
export function CrossIcon({ size }: { size: number }) {
  return (
    <svg aria-hidden width={size} height={size} viewBox="0 0 12 12" stroke="currentColor">
      <path d="m2 2 8 8M10 2l-8 8" strokeWidth="1.7" strokeLinecap="round" />
    </svg>
  );
}
