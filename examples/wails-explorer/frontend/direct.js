// The part `direct` of --self-test: one body through the handler and the bridge, and fetched from the
// server itself, in turns. What is read is thrown away.
const TURNS = 5;
const ROWS = 3_000_000;
const dataset = decodeURIComponent(/^#\/([^?]*)/.exec(location.hash)[1]);
const path = `/v1/datasets/${dataset}/rows?limit=${ROWS}`;
const figures = { bytes: 0, handler_seconds: [], direct_seconds: [] };
const checks = [];

// Lengths differ a little: a batch holds fewer rows after a rest of its reader. A whole stream ends
// with Arrow's marker.
const MARKER = [255, 255, 255, 255, 0, 0, 0, 0].toString();

async function drain(url) {
  const began = performance.now();
  const reader = (await fetch(url)).body.getReader();
  let bytes = 0;
  let last = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    last = [...last, ...value.subarray(-8)].slice(-8);
  }
  const seconds = (performance.now() - began) / 1000;
  if (last.toString() !== MARKER) throw new Error(`the stream has no end after ${bytes} bytes`);
  return { bytes, seconds };
}

try {
  const { address } = await (await fetch('/desktop/self-test/address', { method: 'POST' })).json();
  for (let turn = 0; turn < TURNS; ++turn) {
    const handler = await drain(path);
    const direct = await drain(address + path);
    if (Math.abs(handler.bytes - direct.bytes) > direct.bytes / 1000)
      throw new Error(`${handler.bytes} bytes, not about ${direct.bytes}`);
    figures.bytes = direct.bytes;
    figures.handler_seconds.push(handler.seconds);
    figures.direct_seconds.push(direct.seconds);
  }
  figures.handler_seconds = Math.min(...figures.handler_seconds);
  figures.direct_seconds = Math.min(...figures.direct_seconds);
  checks.push({ name: 'both ways bring the whole stream', passed: true });
} catch (error) {
  checks.push({ name: 'both ways bring the whole stream', passed: false, detail: String(error) });
}
await fetch('/desktop/report', {
  method: 'POST',
  body: JSON.stringify({ checks, figures: checks[0].passed ? figures : {}, seen: '-' }),
});
