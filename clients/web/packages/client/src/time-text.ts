/** ISO 8601 texts of Arrow's integers: exact to the nanosecond and over the whole int64 range. */

const SECONDS_A_DAY = 86_400n;

/** `2026-11-22`, of days since 1970-01-01. Years beyond 9999 and below 0 are signed, six digits. */
export function calendarDate(days: bigint): string {
  // Howard Hinnant's civil_from_days: years begin in March, eras are 400 years.
  const shifted = days + 719_468n;
  const era = floorDivide(shifted, 146_097n);
  const dayOfEra = shifted - era * 146_097n;
  const yearOfEra =
    (dayOfEra - dayOfEra / 1_460n + dayOfEra / 36_524n - dayOfEra / 146_096n) / 365n;
  const dayOfYear = dayOfEra - (365n * yearOfEra + yearOfEra / 4n - yearOfEra / 100n);
  const monthFromMarch = (5n * dayOfYear + 2n) / 153n;
  const day = dayOfYear - (153n * monthFromMarch + 2n) / 5n + 1n;
  const month = monthFromMarch < 10n ? monthFromMarch + 3n : monthFromMarch - 9n;
  const year = yearOfEra + era * 400n + (month <= 2n ? 1n : 0n);
  return `${yearText(year)}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** `2026-11-22 10:00:00.500`: a fraction only where there is one, in groups of three digits. */
export function isoInstant(value: bigint, unitsPerSecond: bigint): string {
  const unitsPerDay = SECONDS_A_DAY * unitsPerSecond;
  const days = floorDivide(value, unitsPerDay);
  return `${calendarDate(days)} ${clockTime(value - days * unitsPerDay, unitsPerSecond)}`;
}

/** `10:00:00.250`, of units since midnight. */
export function clockTime(value: bigint, unitsPerSecond: bigint): string {
  const seconds = value / unitsPerSecond;
  const time = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map(twoDigits).join(':');
  return time + fraction(value % unitsPerSecond, unitsPerSecond);
}

/** `-1d 02:03:04.500`; days only where there are any. */
export function durationText(value: bigint, unitsPerSecond: bigint): string {
  const magnitude = value < 0n ? -value : value;
  const unitsPerDay = SECONDS_A_DAY * unitsPerSecond;
  const days = magnitude / unitsPerDay;
  const sign = value < 0n ? '-' : '';
  const daysText = days > 0n ? `${days}d ` : '';
  return sign + daysText + clockTime(magnitude % unitsPerDay, unitsPerSecond);
}

function fraction(units: bigint, unitsPerSecond: bigint): string {
  if (units === 0n) return '';
  const digits = String(unitsPerSecond).length - 1;
  return `.${String(units)
    .padStart(digits, '0')
    .replace(/(000)+$/, '')}`;
}

function floorDivide(a: bigint, b: bigint): bigint {
  return a >= 0n ? a / b : -((-a + b - 1n) / b);
}

function yearText(year: bigint): string {
  if (year >= 0n && year <= 9999n) return String(year).padStart(4, '0');
  const magnitude = String(year < 0n ? -year : year).padStart(6, '0');
  return (year < 0n ? '-' : '+') + magnitude;
}

function twoDigits(value: bigint): string {
  return String(value).padStart(2, '0');
}
