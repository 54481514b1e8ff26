import type { RealmMatrix } from "../../../tools/grants/matrix";

/** What somebody may call a client who wishes harm. */
export const EVIL = `<img src=x onerror="alert('1')">&`;
/** A realm with something of everything. */
export const REALM: RealmMatrix = {
  url: "http://localhost:8080",
  realm: "machines",
  apis: [{ audience: "orders", scopes: ["orders:read"] }],
  machines: [
    {
      client: "shop",
      declared: true,
      live: "ok",
      boundTo: "dpop",
      calls: [
        { api: "orders", scopes: [{ name: "orders:read", declared: "default", live: "no" }], roles: [], mappers: [] },
        { api: "stock", scopes: [], roles: [{ name: "reader", declared: "no", live: "default" }], mappers: [] },
      ],
    },
    { client: EVIL, declared: false, live: "ok", boundTo: "nothing", calls: [] },
  ],
  differences: [{ kind: "client-added", client: EVIL, text: `the client ${EVIL} is not declared here` }],
  rolesKnown: true,
};
