import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['bowshot-source'] },
  ssr: { resolve: { conditions: ['bowshot-source'] } },
  test: { include: ['packages/*/src/**/*.test.{ts,tsx}'], testTimeout: 30_000 },
});
