import { join } from "node:path";
import { openMachine } from "../../../machines";
import { ISSUER } from "./stolen";

/** Calls of machine-a, one every 100 ms, by a program that is never restarted. */
export class Load {
  calls = 0;
  readonly failures: string[] = [];
  private running?: Promise<void>;
  private stopped = false;

  constructor(
    private readonly folder: string,
    private readonly connectTo: string,
  ) {}

  start(): void {
    const file = (name: string) => join(this.folder, "certs", name);
    const machine = openMachine({
      clientId: "machine-a",
      keyFile: file("machine-a-signing.key"),
      issuer: ISSUER,
      connectTo: this.connectTo,
      refreshAfter: 0.1, // tokens of 300 s, so that many are granted meanwhile
      callTimeoutMs: 20_000,
      log: () => {}, // renewed files are expected
      tls: {
        caFile: file("machine-a-tls.trust.crt"),
        certificateFile: file("machine-a-tls.crt"),
        keyFile: file("machine-a-tls.key"),
      },
    });
    const call = async () => {
      this.calls++;
      try {
        const { status } = await machine.fetch("https://machine-b:3000/api/protected");
        if (status !== 200) this.failures.push(`HTTP ${status}`);
      } catch (error) {
        this.failures.push((error as Error).message);
      }
    };
    this.running = (async () => {
      while (!this.stopped) await Promise.all([call(), new Promise((done) => setTimeout(done, 100))]);
      await machine.close();
    })();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }
}
