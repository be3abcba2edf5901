import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["quorate-source"] },
  ssr: { resolve: { conditions: ["quorate-source"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/tidy/**/*.test.ts", "bench/test/**/*.test.ts"],
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
