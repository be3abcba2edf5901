import { defineConfig } from "vitest/config";

/** Real sockets, disks and processes: one file at a time, because they share two cores and ports. */
export default defineConfig({
  test: {
    include: ["test/system/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
