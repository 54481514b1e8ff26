// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Terraform's references look like that
import { readFileSync } from "node:fs";
import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { describe, expect, it } from "vitest";
import { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { KeycloakServer, Realm } from "../../constructs";
import { inTemporaryProject, manifestOf, messageOf, newStack, only, synth, writeProjectFile } from "./project";
import { serverJson } from "./servers";

inTemporaryProject();

describe("defaults", () => {
  it("declares network, volume, image and container", () => {
    const { json } = serverJson();
    expect(Object.keys(json.resource).sort()).toEqual([
      "docker_container",
      "docker_image",
      "docker_network",
      "docker_volume",
      "keycloak_realm",
    ]);
    expect(only(json, "docker_network")).toMatchObject({
      name: "keycloak-network",
      labels: [{ label: "cdktf-keycloak-m2m", value: "network" }],
    });
    expect(only(json, "docker_volume")).toMatchObject({
      name: "keycloak-data",
      labels: [{ label: "cdktf-keycloak-m2m", value: "data" }],
    });
  });

  it("publishes on 127.0.0.1 only, restarts, and joins its network as keycloak", () => {
    const { json, server } = serverJson();
    expect(only(json, "docker_container")).toMatchObject({
      name: "keycloak",
      image: "${docker_image.Keycloak_Image_6F3CF4D9.image_id}",
      ports: [{ internal: 8080, external: 8080, ip: "127.0.0.1" }],
      restart: "unless-stopped",
      networks_advanced: [{ name: "${docker_network.Keycloak_Network_910C6F2A.name}", aliases: ["keycloak"] }],
      volumes: [
        { volume_name: "${docker_volume.Keycloak_Volume_E1C3EFDE.name}", container_path: "/opt/keycloak/data" },
      ],
      labels: [{ label: "cdktf-keycloak-m2m", value: "keycloak" }],
    });
    expect(server).toMatchObject({
      url: "http://localhost:8080",
      issuerBase: "http://keycloak:8080",
      connectTo: "keycloak:8080=127.0.0.1:8080",
    });
  });

  it("starts the optimised image without building again", () => {
    const command: string[] = only(serverJson().json, "docker_container").command;
    expect(command.slice(0, 2)).toEqual(["start", "--optimized"]);
    expect(command).toContain("--http-enabled=true");
    expect(command).toContain("--hostname=http://localhost:8080");
  });

  it("waits for no other server at its start", () => {
    expect(only(serverJson().json, "docker_container").command).toContain("--cache=local");
  });

  it("waits 180 s for a health check that needs no curl", () => {
    const { wait, wait_timeout, healthcheck } = only(serverJson().json, "docker_container");
    expect({ wait, wait_timeout }).toEqual({ wait: true, wait_timeout: 180 });
    expect(healthcheck).toMatchObject({ interval: "3s", start_period: "3m0s" });
    expect(healthcheck.test.slice(0, 3)).toEqual(["CMD", "bash", "-c"]);
    expect(healthcheck.test[3]).toContain("/dev/tcp/localhost/9000");
    expect(healthcheck.test.join()).not.toContain("curl");
  });

  it("builds on Keycloak 26.4 from quay.io, in a folder beside the JSON that is named by a hash of the Dockerfile", () => {
    const { json } = serverJson();
    const image = only(json, "docker_image");
    const hash = /^cdktf-keycloak-m2m\/keycloak-optimised:([0-9a-f]{12})$/.exec(image.name)?.[1];
    expect(image.build).toEqual({ context: `keycloak-image/${hash}`, tag: [image.name], network_mode: "none" });
    expect(image.keep_locally).toBe(true);
    const dockerfile = readFileSync(`cdktf.out/stacks/test/${image.build.context}/Dockerfile`, "utf8");
    expect(dockerfile).toMatch(/^FROM quay\.io\/keycloak\/keycloak:26\.4\n/);
    expect(dockerfile).toContain("kc.sh build --health-enabled=true");
    expect(dockerfile).toContain('LABEL cdktf-keycloak-m2m="keycloak-optimised"');
  });

  it("makes a Keycloak provider with an alias, which does not sign in at the plan", () => {
    expect(serverJson().json.provider.keycloak).toEqual([
      {
        alias: "Keycloak",
        url: "http://localhost:8080",
        client_id: "admin-cli",
        username: "${var.keycloak_admin_username}",
        password: "${var.keycloak_admin_password}",
        initial_login: false,
        client_timeout: 60,
      },
    ]);
  });

  it("declares variables for the administrator, with the local defaults and a sensitive password", () => {
    expect(serverJson().json.variable).toMatchObject({
      keycloak_admin_username: { default: "admin", type: "string", sensitive: false },
      keycloak_admin_password: { default: "change_me", type: "string", sensitive: true },
    });
  });

  it("warns of the default password", () => {
    const { stack } = serverJson();
    expect(manifestOf(stack).annotations).toMatchObject([
      {
        constructPath: "test/Keycloak",
        level: "@cdktf/warn",
        message: "the administrator has the well-known default password; set KEYCLOAK_PASSWORD before the first deploy",
      },
    ]);
  });

  it("names both providers in full, so that OpenTofu finds them too", () => {
    expect(serverJson().json.terraform.required_providers).toEqual({
      docker: { source: "registry.terraform.io/kreuzwerker/docker", version: ">= 4.6, < 5" },
      keycloak: { source: "registry.terraform.io/keycloak/keycloak", version: "~> 5.9" },
    });
  });
});

describe("options", () => {
  it("takes another version of the official image", () => {
    const { build } = only(serverJson({ version: "26.7.2" }).json, "docker_image");
    const dockerfile = readFileSync(`cdktf.out/stacks/test/${build.context}/Dockerfile`, "utf8");
    expect(dockerfile).toMatch(/^FROM quay\.io\/keycloak\/keycloak:26\.7\.2\n/);
  });

  it("takes an image, and prefers it to a version", () => {
    const { build } = only(serverJson({ image: "kc.example/own:1", version: "26.7.2" }).json, "docker_image");
    expect(readFileSync(`cdktf.out/stacks/test/${build.context}/Dockerfile`, "utf8")).toMatch(
      /^FROM kc\.example\/own:1\n/,
    );
  });

  it("gives the image another tag for another base", () => {
    const one = only(serverJson({ version: "26.4" }).json, "docker_image").name;
    const other = only(serverJson({ version: "26.7.2" }).json, "docker_image").name;
    expect(one).not.toBe(other);
  });

  it("uses the recorded image if neither image nor version is given", () => {
    writeProjectFile(".m2m/sources.json", JSON.stringify({ keycloakImage: "local/keycloak:26.4.7" }));
    const read = (props = {}) => {
      const { build } = only(serverJson(props).json, "docker_image");
      return readFileSync(`cdktf.out/stacks/test/${build.context}/Dockerfile`, "utf8").split("\n")[0];
    };
    expect(read()).toBe("FROM local/keycloak:26.4.7");
    expect(read({ version: "26.5" })).toBe("FROM quay.io/keycloak/keycloak:26.5");
  });

  it("runs start-dev in dev mode, with health switched on", () => {
    const { command } = only(serverJson({ mode: "dev" }).json, "docker_container");
    expect(command.slice(0, 3)).toEqual(["start-dev", "--health-enabled=true", "--metrics-enabled=true"]);
    expect(command).not.toContain("--optimized");
  });

  it("takes a port and a container name", () => {
    const { json, server } = serverJson({ port: 18080, containerName: "kc" });
    expect(only(json, "docker_container")).toMatchObject({
      name: "kc",
      ports: [{ internal: 8080, external: 18080, ip: "127.0.0.1" }],
      // inside the network it is keycloak all the same, as the issuer says
      networks_advanced: [{ aliases: ["keycloak"] }],
    });
    expect(only(json, "docker_network").name).toBe("kc-network");
    expect(only(json, "docker_volume").name).toBe("kc-data");
    expect(json.provider.keycloak?.[0]?.url).toBe("http://localhost:18080");
    expect(server.url).toBe("http://localhost:18080");
    expect(server.issuerBase).toBe("http://keycloak:8080");
    expect(server.connectTo).toBe("keycloak:8080=127.0.0.1:18080");
  });

  it("takes name, port and start timeout from the context, and prefers the props", () => {
    const context = {
      "m2m:keycloakName": "from-context",
      "m2m:keycloakPort": 28080,
      "m2m:keycloakStartTimeoutSeconds": 500,
    };
    expect(only(serverJson({}, context).json, "docker_container")).toMatchObject({
      name: "from-context",
      ports: [{ external: 28080 }],
      wait_timeout: 500,
    });
    expect(
      only(serverJson({ containerName: "own", port: 1, startTimeoutSeconds: 60 }, context).json, "docker_container"),
    ).toMatchObject({
      name: "own",
      ports: [{ external: 1 }],
      wait_timeout: 60,
    });
  });

  it("uses a Keycloak provider of the user's, and makes neither a provider nor variables", () => {
    const stack = newStack();
    const provider = new KeycloakProvider(stack, "own", { url: "http://localhost:8080", clientId: "terraform" });
    const server = new KeycloakServer(stack, "Keycloak", { provider });
    new Realm(stack, "Realm", { server, realmName: "r" });
    const json = synth(stack);
    expect(json.provider.keycloak).toEqual([{ url: "http://localhost:8080", client_id: "terraform" }]);
    expect(json.variable).toBeUndefined();
    expect(only(json, "keycloak_realm").provider).toBe("keycloak");
  });

  it("uses a Docker provider of the user's, in a version that can set the owner of an uploaded file", () => {
    const stack = newStack();
    new DockerProvider(stack, "own", { host: "ssh://docker.example" });
    new KeycloakServer(stack, "Keycloak");
    const json = synth(stack);
    expect(json.provider.docker).toEqual([{ host: "ssh://docker.example" }]);
    expect(json.terraform.required_providers.docker?.version).toBe(">= 4.6, < 5");
  });

  it("fails on a Docker provider of the user's that is declared after it, and names that", () => {
    const stack = newStack();
    new KeycloakServer(stack, "Keycloak");
    new DockerProvider(stack, "docker", { host: "ssh://docker.example" });
    expect(messageOf(() => synth(stack))).toContain(
      "the DockerProvider test/docker must be declared before the first KeycloakServer or MachineContainer of its stack, which use it, got: one without alias that came after; move it up, or give it an `alias`",
    );
  });

  it.each(["elsewhere", "docker"])("makes a Docker provider if the stack's only one, %s, has an alias", (id) => {
    const stack = newStack();
    new DockerProvider(stack, id, { alias: "elsewhere", host: "ssh://docker.example" });
    new KeycloakServer(stack, "Keycloak");
    const json = synth(stack);
    expect(json.provider.docker).toEqual([{ alias: "elsewhere", host: "ssh://docker.example" }, {}]);
    expect(only(json, "docker_container").provider).toBe("docker");
  });
});

describe("fails", () => {
  it.each([0, -1, 65_536, 1.5, Number.NaN])("on port %d", (port) => {
    expect(messageOf(() => new KeycloakServer(newStack(), "Keycloak", { port }))).toBe(
      `[test/Keycloak] \`port\` must be a port between 1 and 65535, got: ${port}`,
    );
  });

  it.each([0, 3601, 1.5])("on a start timeout of %d s", (startTimeoutSeconds) => {
    expect(messageOf(() => new KeycloakServer(newStack(), "Keycloak", { startTimeoutSeconds }))).toBe(
      `[test/Keycloak] \`startTimeoutSeconds\` must be a whole number between 1 and 3600, got: ${startTimeoutSeconds}; use 180, or leave it out`,
    );
  });

  it("on a port in the context that is not a number, but not on digits in a string", () => {
    const stack = newStack("test", { "m2m:keycloakPort": "http" });
    expect(() => new KeycloakServer(stack, "Keycloak")).toThrow(
      '[test/Keycloak] `port` must be a port between 1 and 65535, got: "http"',
    );
    const { json } = serverJson({}, { "m2m:keycloakPort": "9090", "m2m:keycloakName": 55 });
    expect(only(json, "docker_container")).toMatchObject({ name: "55", ports: [{ external: 9090 }] });
  });
});
