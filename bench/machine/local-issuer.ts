import { type Issuer, openIssuer, type SigningKey } from "../../machines";
import { ALGORITHMS, type Algorithm, TestIssuer, testFolder } from "../../test/machines/issuer-fixture";

export { ALGORITHMS, type Algorithm };

/** An issuer in this process, over a socket, with one machine; for what Keycloak's own time would drown. */
export interface LocalIssuer {
  readonly server: TestIssuer;
  readonly clientId: string;
  readonly key: SigningKey;
  /** Opens it, without lines about clocks that a measurement sets. */
  open(now?: () => Date): Issuer;
  /** Grants that were asked for. */
  grants(): number;
  stop(): Promise<void>;
}

export async function localIssuer(algorithm: Algorithm = "EdDSA"): Promise<LocalIssuer> {
  const folder = testFolder();
  const server = new TestIssuer(await folder.key("issuer.key", algorithm));
  const clientId = "machine-a";
  const key = await folder.key("machine-a.key", algorithm);
  folder.remove();
  server.clients.set(clientId, key);
  await server.start();
  return {
    server,
    clientId,
    key,
    open: (now) =>
      openIssuer({ issuer: server.url, connectTo: server.connectTo, allowInsecureHttp: true, now, log: () => {} }),
    grants: () => server.received.filter(({ path }) => path.endsWith("/token")).length,
    stop: () => server.stop(),
  };
}

/** Grants tokens to whoever asks, as text without meaning: for runs in which the clock is not the issuer's. */
export function grantOpaque({ server }: LocalIssuer, lifeSeconds: number): void {
  let serial = 0;
  server.answers.set("/token", () => ({
    body: { access_token: `token-${++serial}`, token_type: "Bearer", expires_in: lifeSeconds },
  }));
}
