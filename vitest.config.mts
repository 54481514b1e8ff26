import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Longest first, as Vitest itself sorts; end-to-end tests before all, which it cannot know in a fresh clone. */
class EndToEndFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isEndToEnd = ({ project }: TestSpecification) => project.name === "e2e";
    return [...sorted.filter(isEndToEnd), ...sorted.filter((file) => !isEndToEnd(file))];
  }
}

const common = {
  // Where `CI` is set no keys are made: tests make them all the same, and those of that rule set it themselves.
  env: { CI: "" },
  // Shows `m2m test`, which watches the workers, that they are alive.
  setupFiles: ["test/sign-of-life.ts"],
  pool: "forks" as const, // constructs look for cdktf.json from the working folder
  // As many as cores: Keycloak, Terraform and Docker work beside each end-to-end file.
  maxWorkers: Math.max(2, Math.min(availableParallelism(), 6)),
};

export default defineConfig({
  test: {
    sequence: { sequencer: EndToEndFirst },
    projects: [
      {
        test: {
          ...common,
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/faults/**"],
          // The machine may be busy with other work.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...common,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/e2e/global-setup.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          ...common,
          name: "faults",
          include: ["test/faults/**/*.test.ts"],
          globalSetup: ["test/faults/global-setup.ts"],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
