// The part `direct` of --self-test: one body through the handler and the bridge, and fetched from the
// server itself, in turns. What is read is thrown away.
const TURNS = 5;
const ROWS = 3_000_000;
const dataset = decodeURIComponent(/^#\/([^?]*)/.exec(location.hash)[1]);
const path = `/v1/datasets/${dataset}/rows?limit=${ROWS}`;
const figures = { bytes: 0, handler_seconds: [], direct_seconds: [] };
const checks = [];

async function drain(url) {
  const began = performance.now();
  const reader = (await fetch(url)).body.getReader();
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { bytes, seconds: (performance.now() - began) / 1000 };
    bytes += value.length;
  }
}

try {
  const { address } = await (await fetch('/desktop/self-test/address', { method: 'POST' })).json();
  for (let turn = 0; turn < TURNS; ++turn) {
    const handler = await drain(path);
    const direct = await drain(address + path);
    if (handler.bytes !== direct.bytes)
      throw new Error(`${handler.bytes} bytes, not ${direct.bytes}`);
    figures.bytes = direct.bytes;
    figures.handler_seconds.push(handler.seconds);
    figures.direct_seconds.push(direct.seconds);
  }
  figures.handler_seconds = Math.min(...figures.handler_seconds);
  figures.direct_seconds = Math.min(...figures.direct_seconds);
  checks.push({ name: 'both ways bring the same bytes', passed: true });
} catch (error) {
  checks.push({ name: 'both ways bring the same bytes', passed: false, detail: String(error) });
}
await fetch('/desktop/report', {
  method: 'POST',
  body: JSON.stringify({ checks, figures: checks[0].passed ? figures : {}, seen: '-' }),
});
