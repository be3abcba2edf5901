import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cluster } from "../support/cluster.ts";
import { etcdMissing, startEtcd } from "../support/etcd-cluster.ts";
import { startQuorate } from "../support/quorate-cluster.ts";
import { leadByFirst, toldBy } from "./battery.ts";
import { CASES } from "./cases/index.ts";
import { compare, knownAs } from "./compare.ts";
import { DIFFERENCES, type Difference } from "./differences.ts";

const missing = etcdMissing();
const occurred = new Set<Difference>();
let quorate: Cluster;
let etcd: Cluster;

describe.skipIf(missing !== null)(`the same answers as etcd 3.4 ${missing ?? ""}`, () => {
  beforeAll(async () => {
    [quorate, etcd] = await Promise.all([startQuorate(), startEtcd()]);
    await Promise.all([quorate, etcd].map(leadByFirst));
  });
  afterAll(() => Promise.all([quorate.stop(), etcd.stop()]));

  it.each(CASES)("$name", async (one) => {
    const [ours, theirs] = await Promise.all([toldBy(quorate, one), toldBy(etcd, one)]);
    const unknown = compare(one.name, theirs, ours).filter((found) => {
      const known = knownAs(found);
      if (known !== undefined) occurred.add(known);
      return known === undefined;
    });
    expect(unknown.map((found) => JSON.stringify(found)).join("\n")).toBe("");
  });

  it("every difference of the table still occurs", () => {
    const gone = DIFFERENCES.filter((known) => !occurred.has(known));
    expect(gone).toEqual([]);
  });
});
