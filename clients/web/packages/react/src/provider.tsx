import type { Bowshot } from '@bowshot/client';
import { createContext, useContext, type ReactNode } from 'react';

const BowshotContext = createContext<Bowshot | undefined>(undefined);

/** Gives the hooks below it the client to ask: `<BowshotProvider client={connect('')}>`. */
export function BowshotProvider({ client, children }: { client: Bowshot; children: ReactNode }) {
  return <BowshotContext value={client}>{children}</BowshotContext>;
}

/** The client of the nearest provider. */
export function useBowshot(): Bowshot {
  const client = useContext(BowshotContext);
  if (!client) throw new Error('useBowshot needs a <BowshotProvider> above it');
  return client;
}
