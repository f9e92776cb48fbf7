import { defineConfig } from 'vitest/config';

// Specs that drive Chromium. One file at a time: they share a machine of few cores.
export default defineConfig({
  resolve: { conditions: ['bowshot-source'] },
  ssr: { resolve: { conditions: ['bowshot-source'] } },
  test: {
    include: ['tests/browser/**/*.spec.ts'],
    fileParallelism: false,
    // Deadlines, not durations: generous, because a busy machine starts Chromium slowly.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
