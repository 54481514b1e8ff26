import { check } from "./checks";

/** Less than this PostgreSQL cannot be tuned for. */
const LEAST_MEGABYTES = 256;

/** What a container of PostgreSQL may take. */
export function checkDatabaseMemory(memoryMegabytes: number): string[] {
  const rule = `must be a whole number of megabytes, ${LEAST_MEGABYTES} or more; use 1024, or leave it out`;
  return check("memoryMegabytes", memoryMegabytes, (mb) => Number.isInteger(mb) && mb >= LEAST_MEGABYTES, rule);
}

/** Docker's own rule, but for the number of processors, which only the engine knows. */
export function checkCpus(cpus: number | undefined): string[] {
  if (cpus === undefined) return [];
  const rule = "must be a number of processors from 0.01 on; leave it out for no limit";
  return check("cpus", cpus, (one) => Number.isFinite(one) && one >= 0.01, rule);
}
