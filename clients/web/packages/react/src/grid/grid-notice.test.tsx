// @vitest-environment happy-dom
import { connect } from '@bowshot/client';
import { cleanup, configure, render, screen } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';

import { useRowWindow, useRowWindowState } from '../hooks.js';
import { BowshotProvider } from '../provider.js';
import { GridNotice } from './grid-notice.js';

configure({ asyncUtilTimeout: 10_000 });
afterEach(cleanup);

const INFO = {
  name: 'big',
  version: 'v1',
  rows: 1e9,
  bytes: 0,
  rowNumbers: true,
  source: { kind: 'parquet' },
  columns: [{ name: 'id', type: 'int64', nullable: false }],
  views: [],
};
/** As a server answered the middle of an order. */
const TOO_LONG =
  'orders are kept of up to 50000000 rows, this one has 1000000000: without a filter that leaves ' +
  'fewer, only its first and last 5000 rows can be had';
const ANSWERS = {
  out_of_memory: { status: 507, title: 'The request needs more memory than it may use' },
  internal: { status: 500, title: 'The server made a mistake' },
};

/** The notice of rows that every request fails for, with a way out of what has one. */
function Failing({ code }: { code: keyof typeof ANSWERS }) {
  const problem = { type: `urn:bowshot:error:${code}`, ...ANSWERS[code], code, detail: TOO_LONG };
  const fetch = () =>
    Promise.resolve(
      new Response(JSON.stringify(problem), {
        status: problem.status,
        headers: { 'Content-Type': 'application/problem+json' },
      }),
    );
  return (
    <BowshotProvider client={connect('http://server', { fetch, retries: 0 })}>
      <Notice />
    </BowshotProvider>
  );
}

function Notice() {
  const rows = useRowWindow(INFO, { order: [{ column: 'id' }] })!;
  const state = useRowWindowState(rows);
  rows.show(500_000_000, 500_000_010);
  return (
    <GridNotice
      rows={rows}
      state={state}
      renderErrorActions={({ code }) =>
        code === 'out_of_memory' ? <button type="button">Remove the sort</button> : undefined
      }
    />
  );
}

test('an order too long to be kept: the words of the server, and a way out in place of Retry', async () => {
  render(<Failing code="out_of_memory" />);
  const alert = await screen.findByRole('alert');
  expect(alert.textContent).toContain(TOO_LONG);
  expect(screen.getAllByRole('button').map(({ textContent }) => textContent)).toEqual([
    'Remove the sort',
  ]);
});

test('an error without a way out can be tried again', async () => {
  render(<Failing code="internal" />);
  await screen.findByRole('alert');
  expect(screen.getAllByRole('button').map(({ textContent }) => textContent)).toEqual(['Retry']);
});
