// `node mock/run.mjs [PORT]`: the mock server alone, with the built page.
import { fileURLToPath } from 'node:url';

import { startMockServer } from './server.mjs';

const page = fileURLToPath(new URL('../packages/page/dist', import.meta.url));
const { url } = await startMockServer({ port: Number(process.argv[2] ?? 0), page });
console.log(`mock server: listening on ${url}`);
