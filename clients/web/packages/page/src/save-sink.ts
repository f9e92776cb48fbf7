import type { ByteSink, Format } from '@bowshot/client';

/** What a page may hold until the download is complete, where it cannot write to a file. */
const HELD_BYTES_MAX = 512 << 20;

const MEDIA_TYPES: Partial<Record<Format, string>> = {
  parquet: 'application/vnd.apache.parquet',
  csv: 'text/csv',
  'arrow-file': 'application/vnd.apache.arrow.file',
};

type SavePicker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

/**
 * Where a download goes: a file that the reader picks and that is written as it comes, or, where the
 * browser has no such thing, memory until it is whole. Nothing is kept of one that is aborted.
 * Undefined when the reader changed their mind.
 */
export async function openSink(fileName: string, format: Format): Promise<ByteSink | undefined> {
  const picker = (window as { showSaveFilePicker?: SavePicker }).showSaveFilePicker;
  if (!picker) return heldSink(fileName, format);
  try {
    const handle = await picker({ suggestedName: fileName });
    return await handle.createWritable();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined;
    return heldSink(fileName, format);
  }
}

function heldSink(fileName: string, format: Format): ByteSink {
  let parts: BlobPart[] = [];
  let bytes = 0;
  return {
    write(chunk) {
      bytes += chunk.length;
      if (bytes > HELD_BYTES_MAX) {
        const detail = `A page holds at most ${HELD_BYTES_MAX >> 20} MiB: use the plain link.`;
        return Promise.reject(new RangeError(detail));
      }
      parts.push(chunk);
      return Promise.resolve();
    },
    close() {
      const url = URL.createObjectURL(new Blob(parts, { type: MEDIA_TYPES[format] ?? '' }));
      const link = document.createElement('a');
      link.href = url;
      link.download = fileName;
      link.click();
      // The browser has begun to save it by then.
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
      return Promise.resolve();
    },
    abort() {
      parts = [];
      return Promise.resolve();
    },
  };
}
