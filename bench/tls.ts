// What https, mutual TLS and bound tokens cost beside plain http and bearer tokens.
//
//   npx tsx bench/tls.ts [PART…]
//
// PARTs, all of them by default: verifying grants first
//
// Starts two Keycloaks of its own, with names and ports of its own, and takes them down at the end and on Ctrl-C. Needs an
// environment that `./m2m up` has brought once.
import { runParts } from "./parts";
import { firstAnswers } from "./tls/first";
import { grants } from "./tls/grants";
import { verifyingBound } from "./tls/verifying";

runParts({ verifying: verifyingBound, grants, first: firstAnswers });
