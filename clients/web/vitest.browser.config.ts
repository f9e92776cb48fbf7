import { defineConfig } from 'vitest/config';

// Specs that drive Chromium. They share one browser a file, and a machine has few cores.
export default defineConfig({
  test: {
    include: ['tests/browser/**/*.spec.ts'],
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
