import { defineConfig } from "vitest/config";

/** Where `CI` is set no keys are made: tests make them all the same, and those of that rule set it themselves. */
const env = { CI: "" };

/** Shows `m2m test`, which watches them, that the workers are alive. */
const setupFiles = ["test/sign-of-life.ts"];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          env,
          setupFiles,
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**"],
          pool: "forks", // constructs look for cdktf.json from the working folder
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "e2e",
          env,
          setupFiles,
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/e2e/global-setup.ts"],
          pool: "forks",
          maxWorkers: 2, // each file has an environment of its own; more at once only wait for one another
          sequence: { groupOrder: 1 },
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
