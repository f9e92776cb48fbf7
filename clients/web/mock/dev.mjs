// `npm run dev:mock`: the mock server and Vite's development server in front of it.
import { fileURLToPath } from 'node:url';

import { createServer } from 'vite';

import { startMockServer } from './server.mjs';

const mock = await startMockServer();
process.env['BOWSHOT_URL'] = mock.url;
const vite = await createServer({
  root: fileURLToPath(new URL('../packages/page', import.meta.url)),
});
await vite.listen();
console.log(`mock server: ${mock.url}`);
vite.printUrls();
