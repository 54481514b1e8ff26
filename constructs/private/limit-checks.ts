import { check } from "./checks";

/** Megabytes that a container may take: below `least` the program does not run well. */
export function checkMegabytes(memoryMegabytes: number, least: number, usual: number): string[] {
  const rule = `must be a whole number of megabytes, ${least} or more; use ${usual}, or leave it out`;
  return check("memoryMegabytes", memoryMegabytes, (mb) => Number.isInteger(mb) && mb >= least, rule);
}

/** Docker's own rule, but for how many processors there are, which only the engine knows. */
export function checkCpus(cpus: number | undefined): string[] {
  if (cpus === undefined) return [];
  const rule = "must be a number of processors from 0.01 on; leave it out for no limit";
  return check("cpus", cpus, (one) => Number.isFinite(one) && one >= 0.01, rule);
}
