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
 * `undefined` asks for nothing. `again` says after how many milliseconds to look once more by itself,
 * while what is there stays; give it a function that is always the same.
 */
export function useLoaded<T>(
  load: ((signal: AbortSignal) => Promise<T>) | undefined,
  again?: (settled: { value?: T; error?: BowshotError }) => number | undefined,
): Loaded<T> {
  const [round, setRound] = useState(0);
  const [settled, setSettled] = useState<Settled<T>>();

  useEffect(() => {
    if (!load) return;
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const settle = (outcome: { value?: T; error?: BowshotError }) => {
      if (signal.aborted) return;
      setSettled({ load, round, ...outcome });
      const ms = again?.(outcome);
      if (ms !== undefined) timer = setTimeout(run, ms);
    };
    const run = () =>
      void load(signal).then(
        (value) => settle({ value }),
        (error: unknown) => settle({ error: BowshotError.of(error) }),
      );
    run();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [load, again, round]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  const isOfThisLoad = settled !== undefined && settled.load === load;
  return {
    value: isOfThisLoad ? settled.value : undefined,
    error: isOfThisLoad && settled.round === round ? settled.error : undefined,
    isLoading: load !== undefined && !(isOfThisLoad && settled.round === round),
    reload,
  };
}
