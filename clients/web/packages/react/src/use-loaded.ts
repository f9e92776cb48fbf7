import { BowshotError } from '@bowshot/client';
import { useCallback, useEffect, useState } from 'react';

/** Something that is asked for: nothing yet, there, or failed. */
export interface Loaded<T> {
  value: T | undefined;
  error: BowshotError | undefined;
  isLoading: boolean;
  /** Asks again; what is there stays until the answer comes. */
  reload: () => void;
}

interface Settled<T> {
  load: unknown;
  round: number;
  value?: T;
  error?: BowshotError;
}

/**
 * Runs `load` whenever it is another function, and aborts the one before. Wrap it in `useCallback`.
 * `undefined` asks for nothing.
 */
export function useLoaded<T>(load: ((signal: AbortSignal) => Promise<T>) | undefined): Loaded<T> {
  const [round, setRound] = useState(0);
  const [settled, setSettled] = useState<Settled<T>>();

  useEffect(() => {
    if (!load) return;
    const controller = new AbortController();
    const { signal } = controller;
    load(signal).then(
      (value) => {
        if (!signal.aborted) setSettled({ load, round, value });
      },
      (error: unknown) => {
        if (!signal.aborted) setSettled({ load, round, error: asBowshotError(error) });
      },
    );
    return () => controller.abort();
  }, [load, round]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const isOfThisLoad = settled !== undefined && settled.load === load;
  return {
    value: isOfThisLoad ? settled.value : undefined,
    error: isOfThisLoad && settled.round === round ? settled.error : undefined,
    isLoading: load !== undefined && !(isOfThisLoad && settled.round === round),
    reload,
  };
}

function asBowshotError(error: unknown): BowshotError {
  if (error instanceof BowshotError) return error;
  return BowshotError.ofClient('bad_answer', String(error), { cause: error });
}
