// @vitest-environment happy-dom
import { connect, type RowsView } from '@bowshot/client';
import { act, cleanup, configure, renderHook, waitFor } from '@testing-library/react';
import { StrictMode, type ReactNode } from 'react';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { startMockServer, type MockServer } from '../../../mock/server.mjs';
import { useCount, useDataset, useDatasets, useRowWindow, useRowWindowState } from './hooks.js';
import { BowshotProvider, useBowshot } from './provider.js';

// A deadline for answers of a server on this machine, which may be busy.
configure({ asyncUtilTimeout: 10_000 });

let mock: MockServer;
let wrapper: (props: { children: ReactNode }) => ReactNode;

beforeEach(async () => {
  mock = await startMockServer();
  const client = connect(mock.url);
  wrapper = ({ children }) => (
    <StrictMode>
      <BowshotProvider client={client}>{children}</BowshotProvider>
    </StrictMode>
  );
});

afterEach(async () => {
  cleanup();
  await mock.close();
});

test('hooks without a provider say so', () => {
  expect(() => renderHook(() => useBowshot())).toThrow('BowshotProvider');
});

test('the list and a schema are loaded, and again when the name changes', async () => {
  const list = renderHook(useDatasets, { wrapper });
  expect(list.result.current.isLoading).toBe(true);
  await waitFor(() => expect(list.result.current.value?.[0]?.name).toBe('billion'));

  const one = renderHook(useDataset, { wrapper, initialProps: 'flights' });
  await waitFor(() => expect(one.result.current.value?.rows).toBe(20_000));
  one.rerender('billion');
  expect(one.result.current.value).toBeUndefined();
  await waitFor(() => expect(one.result.current.value?.rows).toBe(1e9));
});

test('an error is there until it is reloaded', async () => {
  const { result, rerender } = renderHook(useDataset, { wrapper, initialProps: 'nothing' });
  await waitFor(() => expect(result.current.error?.code).toBe('unknown_dataset'));
  expect(result.current.error?.suggestions).toContain('flights');
  act(() => result.current.reload());
  expect(result.current.isLoading).toBe(true);
  await waitFor(() => expect(result.current.isLoading).toBe(false));
  expect(result.current.error?.code).toBe('unknown_dataset');
  rerender('flights');
  await waitFor(() => expect(result.current.value?.name).toBe('flights'));
});

test('a dataset that is being converted says how far, and comes by itself', async () => {
  mock.fault({ kind: 'converting', shape: 'info', times: 3 });
  const { result } = renderHook(useDataset, { wrapper, initialProps: 'flights' });
  await waitFor(() => expect(result.current.error?.code).toBe('not_ready'));
  expect(result.current.error?.detail).toContain('(30 %)');
  await waitFor(() => expect(result.current.value?.rows).toBe(20_000));
  expect(result.current.error).toBeUndefined();
});

test('rows are counted under a filter', async () => {
  const { result } = renderHook(() => useCount('billion', { filter: 'id >= 999999990' }), {
    wrapper,
  });
  await waitFor(() => expect(result.current.value).toBe(10));
});

const BY_ID: RowsView = { order: [{ column: 'id', descending: true }] };

test('a window is kept while the view says the same, and works under StrictMode', async () => {
  const { result, rerender } = renderHook(
    (view: RowsView) => {
      const rows = useRowWindow(useDataset('billion').value, view);
      return { rows, state: useRowWindowState(rows) };
    },
    { wrapper, initialProps: BY_ID },
  );
  await waitFor(() => expect(result.current.rows).toBeDefined());
  const before = result.current.rows;
  rerender({ order: [{ column: 'id', descending: true }] });
  expect(result.current.rows).toBe(before);
  act(() => before?.show(0, 9));
  await waitFor(() => {
    const place = before?.row(0);
    expect(place?.table.getChild('id')?.get(place.index)).toBe(999_999_999n);
  });
  rerender({ filter: 'id < 12345' });
  expect(result.current.rows).not.toBe(before);
  await waitFor(() => expect(result.current.state.rowCount).toBe(12_345));
  expect(result.current.state.rowCountIsExact).toBe(true);
});
