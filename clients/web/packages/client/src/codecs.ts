import { CompressionType, compressionRegistry } from 'apache-arrow';

export type CodecName = 'zstd' | 'lz4';

const loading = new Map<CodecName, Promise<void>>();

/**
 * Registers the codec with apache-arrow, once; its code is loaded only when an answer needs it. The
 * zstd one is WebAssembly: a page with a Content-Security-Policy must allow `'wasm-unsafe-eval'` and
 * `connect-src data:` before it asks for compressed answers.
 */
export function registerCodec(name: CodecName): Promise<void> {
  let promise = loading.get(name);
  if (!promise) {
    promise = name === 'zstd' ? registerZstd() : registerLz4();
    loading.set(name, promise);
    // A failed load (a chunk that did not arrive) may be tried again.
    promise.catch(() => loading.delete(name));
  }
  return promise;
}

/** The codec that an answer's media type names, `...;codecs=zstd`. */
export function codecOf(contentType: string): CodecName | undefined {
  const codec = /;\s*codecs="?([a-z0-9]+)"?/i.exec(contentType)?.[1]?.toLowerCase();
  return codec === 'zstd' || codec === 'lz4' ? codec : undefined;
}

async function registerZstd(): Promise<void> {
  const { ZSTDDecoder } = await import('zstddec');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  compressionRegistry.set(CompressionType.ZSTD, {
    decode: (bytes) => nonEmpty(decoder.decode(bytes), 'zstd'),
  });
}

async function registerLz4(): Promise<void> {
  const { default: lz4 } = await import('lz4js');
  compressionRegistry.set(CompressionType.LZ4_FRAME, {
    decode: (bytes) => nonEmpty(lz4.decompress(bytes), 'lz4'),
  });
}

/** Arrow never compresses an empty buffer, so an empty result is a decoder that failed silently. */
function nonEmpty(decoded: Uint8Array, codec: CodecName): Uint8Array {
  if (decoded.length === 0) throw new Error(`a ${codec} buffer cannot be decompressed`);
  return decoded;
}
