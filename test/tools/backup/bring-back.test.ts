import { describe, expect, it } from "vitest";
import { bringContainer, bringDatabase, bringImage, makes } from "../../../tools/backup/bring-back";
import { fakeProgram, recordOutput, sessionIn, stackOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const DATABASE = {
  container: "db",
  database: "keycloak",
  servers: [{ container: "kc", image: "keycloak:26.4.7", port: 1 }],
  realms: [],
};

const STACKS = [
  stackOf({ docker_container: { Db: { name: "db" }, Api: { name: "api" } } }, "", "one"),
  stackOf(
    {
      docker_container: { Kc: { name: "kc", image: `\${docker_image.Kc_Image.image_id}` } },
      docker_image: { Kc_Image: { name: "optimised:1" } },
    },
    "",
    "two",
  ),
  stackOf({ keycloak_realm: { R: {} } }, "", "three"),
];

/** A Docker whose database runs, is stopped or gone, and what Terraform is to do then. */
function machine(database: "true" | "false" | "gone") {
  const answer = database === "gone" ? 'echo "no such container" >&2; exit 1' : `echo ${database}`;
  fakeProgram(folder.path, "docker", answer);
  const terraform = fakeProgram(folder.path, "terraform", `case "$1" in plan) exit 2;; show) echo '{}';; esac`);
  const out = recordOutput();
  const stacks = STACKS.map((stack) => ({ ...stack, folder: folder.path }));
  const targets = () => terraform.calls().flatMap((call) => call.match(/-target=\S+/g) ?? []);
  return { session: sessionIn(folder.path, out), stacks, out, targets };
}

describe("before a restore", () => {
  it("the database comes back where it is gone or stopped, and nothing else", async () => {
    for (const status of ["gone", "false"] as const) {
      const { session, stacks, out, targets } = machine(status);
      await bringDatabase(session, stacks, DATABASE, true);
      expect(targets()).toEqual(["-target=docker_container.Db"]);
      expect(out.warned).toEqual(["db does not run; bringing it back first, with an empty volume if that was lost"]);
    }
    const { session, stacks, targets } = machine("true");
    await bringDatabase(session, stacks, DATABASE, true);
    expect(targets()).toEqual([]);
  });

  it("the image of a server that is gone is made, to ask it for its version", async () => {
    const { session, stacks, targets } = machine("true");
    expect(await bringImage(session, stacks, "kc", true)).toBe("optimised:1");
    expect(targets()).toEqual(["-target=docker_image.Kc_Image"]);
    expect(await bringImage(session, stacks, "another", true)).toBeUndefined();
  });
});

it("a server that is gone is made by Terraform, of whatever stack", async () => {
  const { session, stacks, targets } = machine("true");
  await bringContainer(session, stacks, "kc", true);
  expect(targets()).toEqual(["-target=docker_container.Kc"]);
});

it("stacks are concerned that make the database or a server of it", () => {
  expect(STACKS.map((stack) => makes(stack, DATABASE))).toEqual([true, true, false]);
});
