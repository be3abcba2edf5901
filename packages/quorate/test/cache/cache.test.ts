import { status } from "@quorate/http2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Cache, type CacheOptions, connectCache } from "../../src/index.ts";
import { type Read, ScriptedMember } from "./scripted-member.ts";

const LONG = 60_000n;

let member: ScriptedMember;
const undo: (() => void)[] = [];

beforeEach(async () => {
  member = await new ScriptedMember().listen();
  undo.push(() => member.stop());
});
afterEach(() => {
  for (const act of undo.splice(0).reverse()) act();
});

async function connected(options: Partial<CacheOptions> = {}): Promise<Cache> {
  const cache = await connectCache({ endpoints: [`127.0.0.1:${member.port}`], ...options });
  undo.push(() => cache.close());
  return cache;
}

/** The read that came as the n-th. */
const readOf = (n: number): Read => member.reads[n - 1] as Read;

/** Asks for a key, and has the member answer. */
async function read(cache: Cache, key: string, value: string, lease = LONG, revision = 5n) {
  const asked = member.reads.length + 1;
  const got = cache.get(key);
  await member.heard(asked);
  member.answer(readOf(asked), value, lease, revision);
  return (await got)?.text;
}

describe("a cache", () => {
  it("answers by itself as long as it has a lease, and asks again without one", async () => {
    const cache = await connected();
    expect(await read(cache, "a", "1")).toBe("1");
    expect((await cache.get("a"))?.text).toBe("1");
    expect(await read(cache, "b", "1", 0n)).toBe("1");
    expect(await read(cache, "b", "2", 0n)).toBe("2");
    expect(cache.counts).toEqual({ hits: 1, misses: 3, recalls: 0 });
  });

  it("counts from when it asked: an answer that took longer than its lease is of no use afterwards", async () => {
    const cache = await connected();
    expect(await read(cache, "a", "1", 1n)).toBe("1");
    expect(await read(cache, "a", "2")).toBe("2");
  });

  it("drops what it is asked to drop, and says so with the number of the recall", async () => {
    const cache = await connected();
    await read(cache, "a", "1");
    member.recall("a", 5n, 9n);
    await member.heard(1, 1);
    expect(member.dropped[0]).toEqual({ key: Uint8Array.of(97), recall: 9n, issuer: 5n });
    expect(await read(cache, "a", "2", LONG, 6n)).toBe("2");
  });

  it("LC-6: keeps no answer that a recall overtook", async () => {
    const cache = await connected();
    const got = cache.get("a");
    await member.heard(1);
    member.recall("a", 5n, 9n);
    member.answer(readOf(1), "1", LONG, 5n);
    expect((await got)?.text, "the read itself is answered").toBe("1");
    expect(await read(cache, "a", "2", LONG, 6n)).toBe("2");
  });

  it("says of a key that it has forgotten that it has nothing, and takes no late answer for a new one", async () => {
    const cache = await connected({ entriesMax: 1 });
    await read(cache, "a", "1");
    await read(cache, "b", "1");
    expect(cache.size).toBe(1);
    member.recall("a", 5n, 9n);
    await member.heard(2, 1);
    const again = cache.get("a");
    await member.heard(3);
    member.answer(readOf(1), "1", LONG, 5n);
    member.answer(readOf(3), "2", LONG, 6n);
    expect((await again)?.text).toBe("2");
  });

  it("keeps so many bytes at most, those used last", async () => {
    const cache = await connected({ bytesMax: 3000 });
    for (const key of ["a", "b", "c"]) await read(cache, key, "x".repeat(1000));
    expect(cache.size).toBe(2);
    await cache.get("c");
    await cache.get("b");
    expect(cache.counts.hits).toBe(2);
  });

  it("refuses one more key than it may know while all are being asked for", async () => {
    const cache = await connected({ entriesMax: 1 });
    const first = cache.get("a");
    await expect(cache.get("b")).rejects.toMatchObject({ code: "Overloaded", definite: true });
    await member.heard(1);
    member.answer(readOf(1), null, 0n, 5n);
    expect(await first).toBeNull();
  });
});

describe("when its member is lost", () => {
  it("it goes on with what it has leases on", async () => {
    const cache = await connected();
    await read(cache, "a", "1");
    member.stop();
    expect((await cache.get("a"))?.text).toBe("1");
  });

  it("reads under way go to another, as they were sent first", async () => {
    const other = await new ScriptedMember().listen();
    undo.push(() => other.stop());
    const endpoints = [member, other].map(({ port }) => `127.0.0.1:${port}`);
    const cache = await connected({ endpoints });
    const got = cache.get("a");
    await member.heard(1);
    member.stop();
    await other.heard(1);
    expect(other.reads[0]).toEqual(readOf(1));
    other.answer(readOf(1), "1", LONG, 5n);
    expect((await got)?.text).toBe("1");
  });

  it("one that does not lead sends it where one does", async () => {
    const leader = member;
    const follower = await new ScriptedMember().listen();
    undo.push(() => follower.stop());
    const client_urls = [`http://127.0.0.1:${leader.port}`];
    follower.refuse({ elsewhere: { client_urls } }, status(9, "etcdserver: not leader"));
    const cache = await connected({ endpoints: [`127.0.0.1:${follower.port}`] });
    expect(await read(cache, "a", "1")).toBe("1");
  });

  it("one that refuses for good fails what waits, with its reason", async () => {
    member.refuse(null, status(9, "this keyspace's profile grants no leases"));
    const cache = await connected();
    await expect(cache.get("a")).rejects.toMatchObject({
      code: "Rejected",
      message: "this keyspace's profile grants no leases",
    });
  });

  it("one that sends what is no answer is left, and a read that nobody answers fails in time", async () => {
    const cache = await connected({ timeoutMillis: 300 });
    const got = cache.get("a");
    await member.heard(1);
    member.sayBytes(Uint8Array.of(0x0a, 0xff));
    await expect(got).rejects.toMatchObject({ code: "Timeout", definite: true });
  });
});

describe("what makes no sense", () => {
  it("is refused before anything is done", async () => {
    const at = `127.0.0.1:${member.port}`;
    for (const options of [
      { endpoints: [] },
      { endpoints: ["nowhere"] },
      { endpoints: [at], entriesMax: 0 },
      { endpoints: [at], timeoutMillis: 1.5 },
      { endpoints: [at], keyspace: "\u0166" },
      { endpoints: [at], keyspace: "a\nb" },
      { endpoints: [at], keyspace: "" },
    ])
      await expect(connectCache(options)).rejects.toMatchObject({ code: "Rejected" });
    const cache = await connected();
    await expect(cache.get("")).rejects.toMatchObject({ code: "Rejected" });
    cache.close();
    await expect(cache.get("a")).rejects.toMatchObject({ code: "Stopped" });
  });
});
