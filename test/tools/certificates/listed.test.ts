import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { printCertificates } from "../../../tools/certificates/listed";
import { certificatesProject } from "./certificates-project";

const project = certificatesProject();
const DAY_MS = 86_400_000;
afterEach(() => void vi.useRealTimers());

const later = (days: number) => vi.useFakeTimers({ now: Date.now() + days * DAY_MS, toFake: ["Date"] });
const lines = async () => (await project.run("")).text.split("\n");

describe("certificates list", () => {
  it("has a line for each certificate, in the order of the files", async () => {
    const day = new Date(Date.now() + 90 * DAY_MS).toISOString().slice(0, 10);
    expect(await lines()).toEqual([
      `certs/api-tls.crt  peer       until ${day}, 90 days left  private key here`,
      `certs/ca.crt       authority  until ${day}, 90 days left  private key here`,
      `certs/due-tls.crt  peer       until ${day}, 90 days left  private key here`,
      `given/others.crt   server     until ${day}, 90 days left  private key not here, issued by others`,
    ]);
  });

  it("gives the same as data, with the thumbprint of RFC 8705", async () => {
    const { data } = await project.run("list");
    const print = Buffer.from(project.prints("api-tls")["api-tls"]!.replaceAll(":", ""), "hex").toString("base64url");
    expect(data).toHaveLength(4);
    expect(data[0]).toMatchObject({ name: "api", usage: "peer", thumbprint: print, daysLeft: 90, private: true });
  });

  it("says what is due and what has ended", async () => {
    later(61);
    expect((await lines())[0]).toContain("29 days left, due");
    later(30);
    const { data, text } = await project.run("");
    expect(text.split("\n")[0]).toMatch(/until [\d-]+, HAS ENDED {2}private key here$/);
    expect(data[0]).toMatchObject({ daysLeft: -1, due: true });
  });

  it("warns of what cannot be read, lists the rest, and makes nothing", async () => {
    rmSync("given/others.crt");
    const missing = await project.run("");
    expect(missing.warned).toEqual([
      "others: given/others.crt does not exist; have it issued where it was made, or correct the path",
    ]);
    expect(missing.data).toHaveLength(3);
    writeFileSync("given/others.crt", "no certificate");
    expect((await project.run("")).warned[0]).toMatch(
      /^others: given\/others\.crt must hold X\.509 certificates in PEM/,
    );
    writeFileSync(
      "given/others.crt",
      readFileSync("certs/api-tls.crt", "utf8") + readFileSync("certs/due-tls.crt", "utf8"),
    );
    expect((await project.run("")).warned[0]).toContain("2 issued none of the others");
  });

  it("makes no certificate that is declared anew", async () => {
    writeFileSync("names.json", JSON.stringify(["api", "due", "new"]));
    const { code, message } = await project.failure("list");
    expect(code).toBe("synth-failed");
    expect(message).toContain("certs/new-tls.crt does not exist and no key is made here: M2M_CREATE_KEYS is false");
  });

  it("prints nothing where nothing is declared", () => expect(printCertificates([])).toBe(""));
});
