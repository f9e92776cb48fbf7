import { defineConfig } from 'vitest/config';

// Specs that drive Chromium. Two files at a time: a page and its test are seldom both at work.
export default defineConfig({
  resolve: { conditions: ['bowshot-source'] },
  ssr: { resolve: { conditions: ['bowshot-source'] } },
  test: {
    include: ['tests/browser/**/*.spec.ts'],
    maxWorkers: 2,
    // Deadlines, not durations: generous, because a busy machine starts Chromium slowly.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
