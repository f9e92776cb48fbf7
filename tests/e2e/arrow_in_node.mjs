// Reads answers with apache-arrow as any Node program would: node arrow_in_node.mjs URL
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../clients/web/package.json', import.meta.url));
const { tableFromIPC } = require('apache-arrow');

const base = process.argv[2];

async function ask(shape, parameters) {
  const answer = await fetch(`${base}/v1/datasets/flights/${shape}?${new URLSearchParams(parameters)}`);
  if (!answer.ok) throw new Error(`${shape}: ${answer.status} ${await answer.text()}`);
  return tableFromIPC(answer);
}

const count = await ask('count', { filter: 'delay > 60' });
const rows = await ask('rows', { offset: '2999990', limit: '10' });
const streamed = await ask('rows', { select: 'distance', filter: 'delay > 60' });
let distance = 0n;
for (const batch of streamed.batches) {
  for (const value of batch.getChildAt(0)) distance += value;
}
console.log(
  JSON.stringify({
    count: Number(count.get(0).count),
    rows: rows.toArray().map((row) => [Number(row.delay), Number(row.distance), row.origin, row.destination]),
    streamed: streamed.numRows,
    distance: Number(distance),
  }),
);
