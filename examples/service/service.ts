// A service, "orders": it calls machine-b's API, and protects an API of its own. README.md beside it says how to run it.
import { createServer, type ServerResponse } from "node:http";
// In a project of your own: from "cdktf-keycloak-m2m/machine".
import { createGuard, createVerifier, expressGuard, MachineError, openMachine } from "../../machines";

const { ISSUER = "http://keycloak:8080/realms/sjwt-example", API = "http://machine-b:3000/api/protected" } =
  process.env;
const { CONNECT_TO = "keycloak:8080=127.0.0.1:8080,machine-b:3000=127.0.0.1:3000", PORT = "3001" } = process.env;

const orders = openMachine({
  clientId: "orders",
  keyFile: "certs/orders-signing.key",
  issuer: ISSUER,
  connectTo: CONNECT_TO,
  allowInsecureHttp: true, // the local environment has no TLS
});
const verify = createVerifier(orders.issuer, { audience: "orders" });
const guard = expressGuard(createGuard({ verify, realm: "orders" }));

const server = createServer((request, response) => {
  guard(request, response, async () => {
    try {
      const answer = await orders.fetch(API); // with an access token, from memory as long as it lasts
      if (!answer.ok) return send(response, 502, { error: `HTTP ${answer.status}` });
      send(response, 200, { order: 1, stock: await answer.json() });
    } catch (error) {
      send(response, 503, { error: error instanceof MachineError ? error.code : "unreadable answer" });
    }
  });
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`orders: listening on 127.0.0.1:${PORT}`));

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
