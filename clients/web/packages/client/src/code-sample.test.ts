import { expect, test } from 'vitest';

import { codeSample } from './code-sample.js';
import { rowsRequest } from './request.js';

const REQUEST = rowsRequest('flights', { filter: "origin = 'SFO'", limit: 5 });
const baseUrl = 'http://server/';

test('a sample is the whole request', () => {
  expect(codeSample('curl', REQUEST, { baseUrl })).toBe(
    `curl --fail --get 'http://server/v1/datasets/flights/rows' \\
  --data-urlencode 'filter=origin = '\\''SFO'\\''' \\
  --data-urlencode 'limit=5' \\
  --data-urlencode 'format=csv' \\
  --output 'flights.csv'
`,
  );
  expect(codeSample('python', REQUEST, { baseUrl })).not.toContain('os');
  expect(codeSample('javascript', REQUEST, { baseUrl })).toContain(
    "  headers: { 'Content-Type': 'application/json' },\n",
  );
});

test('a token is read from the environment', () => {
  const server = { baseUrl, needsToken: true };
  expect(codeSample('curl', REQUEST, server)).toContain(
    '  --header "Authorization: Bearer $BOWSHOT_TOKEN" \\\n',
  );
  expect(codeSample('python', REQUEST, server)).toContain(
    `headers={"Authorization": f"Bearer {os.environ['BOWSHOT_TOKEN']}"},\n`,
  );
  expect(codeSample('javascript', REQUEST, server)).toContain(
    '    Authorization: `Bearer ${process.env.BOWSHOT_TOKEN}`,\n  },\n',
  );
});
