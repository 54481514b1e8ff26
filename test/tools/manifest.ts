/** What a synthesis says of its one stack, whose JSON is beside the manifest in `cdk.tf.json`. */
export function manifestOf(...annotations: { level: string; constructPath: string; message: string }[]): string {
  const m2m = {
    name: "m2m",
    synthesizedStackPath: "cdk.tf.json",
    workingDirectory: ".",
    annotations,
    dependencies: [],
  };
  return JSON.stringify({ stacks: { m2m } });
}
