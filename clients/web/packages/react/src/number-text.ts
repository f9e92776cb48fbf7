import { groupDigits } from '@bowshot/client';

const compact = new Intl.NumberFormat('en-US', {
  notation: 'compact',
  maximumSignificantDigits: 3,
});

const grouped = new Intl.NumberFormat('en-US');

/** `8,893`: counts are grouped from four digits on, so that those of a list line up. */
export function exactText(count: number): string {
  return grouped.format(count);
}

/** `1.23M`; exact below 10,000. */
export function roughText(count: number): string {
  return count < 10_000 ? exactText(count) : compact.format(count);
}

/** `0.4 %`; what is not zero is never called zero, and what is not all never 100. */
export function percentText(share: number): string {
  if (share === 0 || share === 1) return `${share * 100} %`;
  if (share < 0.001) return '< 0.1 %';
  if (share > 0.999) return '> 99.9 %';
  const percent = share * 100;
  return `${percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** A mean or a quartile with six digits. */
export function statisticText(value: number | null): string {
  if (value === null) return '–';
  if (!Number.isFinite(value)) return String(value);
  return groupDigits(String(Number(value.toPrecision(6))));
}
