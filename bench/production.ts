// Servers as one runs them in production: how fast they start, what they grant, what they take, and how that grows.
//
//   npx tsx bench/production.ts [PART…]
//
// PARTs, all of them by default: start grants replicas growth
//
// Starts environments of its own, with names and ports of its own, and takes them down at the end and on Ctrl-C. Needs an
// environment that `./m2m up` has brought once, and for replicas a swarm. Half an hour.
import { runParts } from "./parts";
import { grants } from "./production/grants";
import { growth } from "./production/growth";
import { replicas } from "./production/replicas";
import { start } from "./production/start";

runParts({ start, grants, replicas, growth });
