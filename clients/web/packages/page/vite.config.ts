import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = process.env['BOWSHOT_URL'] ?? 'http://127.0.0.1:8765';

export default defineConfig({
  plugins: [react()],
  base: './', // the server may be behind a prefix
  // The workspace's packages are built from their sources, together with the page.
  resolve: { conditions: ['bowshot-source', 'module', 'browser', 'development|production'] },
  build: { target: 'es2022', chunkSizeWarningLimit: 700, modulePreload: { polyfill: false } },
  server: { port: 5173, proxy: { '/v1': server, '/version': server } },
});
