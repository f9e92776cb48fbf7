const grouped = new Intl.NumberFormat('en-US');
const compact = new Intl.NumberFormat('en-US', {
  notation: 'compact',
  maximumSignificantDigits: 3,
});

/** `3,000,000` */
export function exactCount(count: number): string {
  return grouped.format(count);
}

/** `3M` */
export function roughCount(count: number): string {
  return compact.format(count);
}

/** `12.3 MB`, in powers of 1000 as disks are sold. */
export function byteSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${value.toLocaleString('en-US', { maximumSignificantDigits: 3 })} ${units[power]}`;
}
