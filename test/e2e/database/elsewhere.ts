// A PostgreSQL that somebody else runs: with passwords, TLS by a CA of its own, and a small disk.
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultPostgresImage, LOCAL_POSTGRES_IMAGE, type Sources } from "../../../constructs/contract/sources";
import { cacheFolder } from "../../../tools/bring/cache";
import { bringImages } from "../../../tools/bring/images";
import { createOutput } from "../../../tools/output";
import { docker } from "../environment";

const DATA = "/var/lib/postgresql/data";
const FILES = "/etc/elsewhere";
/** Full: PostgreSQL does not come back until there is room, and what runs it tries again. */
const START = `set -eu
cd ${DATA}
initdb --pgdata=db --username=postgres --auth=peer --encoding=UTF8 --locale=C.UTF-8
cp ${FILES}/db.key /tmp/db.key
chmod 600 /tmp/db.key
printf '%s\\n' 'local all postgres peer' 'hostssl all all all scram-sha-256' > db/pg_hba.conf
tls="-c ssl=on -c ssl_cert_file=${FILES}/db.crt -c ssl_key_file=/tmp/db.key"
until postgres -D db -c listen_addresses='*' -c max_wal_size=64MB $tls; do sleep 1; done
`;

/** As containers in any network reach it: by the address of this machine in Docker's own. */
export class Elsewhere {
  private constructor(
    private readonly name: string,
    readonly at: string,
  ) {}

  /** @param folder where its certificate, its CA (`db-ca.crt`) and another CA (`other-ca.crt`) are made */
  static async start(name: string, port: number, folder: string, sources: Sources | undefined): Promise<Elsewhere> {
    const image = defaultPostgresImage(sources);
    const quiet = createOutput({ json: false, colour: "never" });
    if (image === LOCAL_POSTGRES_IMAGE) await bringImages(cacheFolder(), { postgres: image }, quiet);
    const host = await docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}");
    makeCertificates(folder, host);
    writeFileSync(join(folder, "start.sh"), START);
    const memory = (place: string, size: string) => ["--tmpfs", `${place}:uid=999,gid=999,mode=0700,size=${size}`];
    await docker(
      ...["run", "--detach", "--init", "--name", name, "--publish", `${host}:${port}:5432`],
      ...[...memory(DATA, "250m"), ...memory("/var/run/postgresql", "1m"), "--user", "999"],
      ...["--volume", `${folder}:${FILES}:ro`, "--entrypoint", "bash", image, `${FILES}/start.sh`],
    );
    const one = new Elsewhere(name, `${host}:${port}`);
    await one.ready();
    return one;
  }

  async sql(...commands: string[]): Promise<string> {
    const each = commands.map((command) => `--command=${command}`);
    return await docker("exec", this.name, "psql", "--username=postgres", "-Atq", ...each);
  }

  /** Leaves no room on its disk. */
  async fill(): Promise<void> {
    await docker("exec", this.name, "sh", "-c", `dd if=/dev/zero of=${DATA}/filler bs=1M 2>/dev/null || true`);
  }

  async makeRoom(): Promise<void> {
    await docker("exec", this.name, "rm", "--force", `${DATA}/filler`);
  }

  private async ready(): Promise<void> {
    for (const end = Date.now() + 60_000; ; await sleep(500)) {
      try {
        await this.sql("SELECT 1");
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }
}

function makeCertificates(folder: string, host: string): void {
  const key = (name: string) => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name];
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  for (const ca of ["db-ca", "other-ca"]) {
    const extension = ["-addext", "basicConstraints=critical,CA:true"];
    openssl("req", "-x509", ...key(`${ca}.key`), "-subj", `/CN=${ca}`, "-days", "2", ...extension, "-out", `${ca}.crt`);
  }
  writeFileSync(join(folder, "extensions"), `subjectAltName=IP:${host}\n`);
  openssl("req", "-new", ...key("db.key"), "-subj", "/CN=db", "-out", "db.csr");
  const issuer = ["-CA", "db-ca.crt", "-CAkey", "db-ca.key", "-CAcreateserial", "-days", "2"];
  openssl("x509", "-req", "-in", "db.csr", ...issuer, "-extfile", "extensions", "-out", "db.crt");
  for (const file of ["db.key", "db.crt"]) chmodSync(join(folder, file), 0o644); // the container's user reads them
  chmodSync(folder, 0o755);
}
