/** What the reporter inside Vitest tells the program that watches it. */
export type TestEvent =
  | { readonly kind: "file-begins"; readonly file: string }
  | { readonly kind: "file-ends"; readonly file: string; readonly seconds: number }
  /** A test or, outside of its tests, a file. */
  | { readonly kind: "fails"; readonly name: string; readonly why: string }
  /** A test, a hook, or the set-up of the whole run. Vitest itself ends it after its time-out; 0 is none. */
  | { readonly kind: "begins"; readonly name: string; readonly timeoutMs: number }
  | { readonly kind: "ends"; readonly name: string; readonly result?: "passed" | "failed" | "skipped" | "pending" }
  | { readonly kind: "output" };

/** What the watching program asks of the reporter: that no more tests begin, and that the run cleans up. */
export const CANCEL = "cancel";

/** Names the folder in which each worker shows that it is alive, by a file named by its process id. */
export const LIFE_VARIABLE = "M2M_TEST_LIFE";
