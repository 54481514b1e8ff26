import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, Testing, type TestingAppConfig } from "cdktf";
import { ValidationError } from "./private/errors";
import { markAsTest } from "./private/tests";

/** Options of {@link testingApp}: those of cdktf's `Testing.app`, but where it writes. */
export type TestingAppOptions = Omit<TestingAppConfig, "outdir">;

/**
 * An app for unit tests of stacks, in the place of cdktf's `Testing.app()`; `Testing.synth(stack)` gives the JSON.
 *
 * Its stacks leave nothing behind: no key, certificate, state file or folder. Keys and certificates are made up of their
 * names, so each run on each machine gives the same JSON, also where `CI` is set. They have no private halves at all. What
 * depends on the machine is left out: key files that are there, `.m2m/sources.json`, states, and the administrator's
 * variables.
 *
 * It cannot be deployed: its `synth()` throws.
 *
 * @see docs/testing.md
 */
export function testingApp(options: TestingAppOptions = {}): App {
  const outdir = mkdtempSync(join(tmpdir(), "m2m-testing-app-")); // cdktf makes a folder in any case
  try {
    const app = Testing.app({ ...options, outdir });
    markAsTest(app);
    app.synth = () => refuse(app);
    return app;
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

function refuse(app: App): never {
  throw new ValidationError(
    app,
    "an app of `testingApp` must not be deployed, as nobody has its keys, got: a call of `app.synth()`; use `new App()` in the program of `cdktf.json`, and `Testing.synth(stack)` in tests",
  );
}
