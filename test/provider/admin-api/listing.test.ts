import { describe, expect, it } from "vitest";
import { KeycloakError } from "../../../provider/admin-api/errors";
import { Listing } from "../../../provider/admin-api/listing";

interface Thing {
  id: string;
  version: number;
}

/** A server that has so many things, and counts what it is asked. */
function serverWith(size: number) {
  const things = new Map(Array.from({ length: size }, (_, index) => [`t${index}`, { id: `t${index}`, version: 1 }]));
  const asked = { pages: 0, ones: 0 };
  const page = async (first: number, max: number): Promise<Thing[]> => {
    asked.pages += 1;
    return [...things.values()].slice(first, first + max).map((thing) => ({ ...thing }));
  };
  const one = (id: string) => async () => {
    asked.ones += 1;
    const found = things.get(id);
    return found ? { ...found } : null;
  };
  const listing = new Listing<Thing>(({ id }) => id, page);
  return { things, asked, listing, get: (id: string, fresh = false) => listing.get(id, one(id), fresh) };
}

describe("a listing", () => {
  it("reads the first eight by themselves, and all others by pages of a hundred", async () => {
    const { asked, get } = serverWith(250);
    for (let index = 0; index < 8; index++) await get(`t${index}`);
    expect(asked).toEqual({ pages: 0, ones: 8 });
    const all = await Promise.all(Array.from({ length: 250 }, (_, index) => get(`t${index}`)));
    expect(all.every((thing, index) => thing?.id === `t${index}`)).toBe(true);
    expect(asked).toEqual({ pages: 3, ones: 8 });
  });

  it("reads an object that is not in the list by itself: it may be newer", async () => {
    const { asked, get, things } = serverWith(10);
    for (let index = 0; index < 10; index++) await get(`t${index}`);
    things.set("new", { id: "new", version: 1 });
    expect(await get("new")).toMatchObject({ id: "new" });
    expect(await get("none")).toBeNull();
    expect(asked).toEqual({ pages: 1, ones: 10 });
  });

  it("is never older than what the run itself has written", async () => {
    const { get, listing, things } = serverWith(20);
    for (let index = 0; index < 20; index++) await get(`t${index}`);
    things.set("t15", { id: "t15", version: 2 });
    expect(await get("t15")).toMatchObject({ version: 1 });
    listing.forget("t15");
    expect(await get("t15")).toMatchObject({ version: 2 });
    things.set("t15", { id: "t15", version: 3 });
    expect(await get("t15", true)).toMatchObject({ version: 3 });
    expect(await get("t15")).toMatchObject({ version: 3 });
  });

  it("does not take an object from a list if the run wrote it while the list was loading", async () => {
    const { listing, get, things } = serverWith(20);
    for (let index = 0; index < 8; index++) await get(`t${index}`);
    const reading = get("t15");
    things.set("t15", { id: "t15", version: 2 });
    listing.forget("t15");
    expect(await reading).toMatchObject({ version: 2 });
  });

  it("does not keep a failure", async () => {
    const { listing } = serverWith(0);
    await expect(listing.get("x", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
    expect(await listing.get("x", async () => ({ id: "x", version: 1 }))).toMatchObject({ id: "x" });
  });

  it("reads one by one if it has no right to list", async () => {
    const refused = new KeycloakError(
      { kind: "status", status: 403, got: "", temporary: false, ambiguous: false },
      "",
      "",
    );
    const listing = new Listing<Thing>(
      ({ id }) => id,
      () => Promise.reject(refused),
    );
    for (let index = 0; index < 12; index++) {
      expect(await listing.get(`t${index}`, async () => ({ id: `t${index}`, version: 1 }))).toBeTruthy();
    }
  });
});
