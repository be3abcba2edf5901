import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BadConfiguration,
  configurationOf,
  environmentName,
  jsonSchema,
  parseConfigurationFile,
  SETTING_NAMES,
  settingNamed,
  settingOf,
} from "../../src/config/index.ts";

const complaint = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof BadConfiguration) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
};

describe("where a setting comes from", () => {
  it("a flag wins over the environment, that over the file, that over the default", () => {
    const file = parseConfigurationFile(
      '{"election-timeout": 3000, "snapshot-count": 500, "name": "f"}',
      "f",
    );
    const environment = {
      QUORATE_ELECTION_TIMEOUT: "4000",
      QUORATE_SNAPSHOT_COUNT: "600",
      PATH: "/bin",
    };
    const all = configurationOf({ "election-timeout": "5000" }, environment, file);
    expect(all["election-timeout"]).toEqual({ value: 5000, source: "flag" });
    expect(all["snapshot-count"]).toEqual({ value: 600, source: "environment" });
    expect(all.name).toEqual({ value: "f", source: "file" });
    expect(all["heartbeat-interval"]).toEqual({ value: 100, source: "default" });
  });

  it("an empty variable, and those of the command itself, are none", () => {
    const environment = { QUORATE_NAME: "", QUORATE_ENDPOINTS: "127.0.0.1:1", QUORATE_CONFIG: "x" };
    expect(configurationOf({}, environment, {}).name.source).toBe("default");
  });

  it("a flag without a value is true", () => {
    expect(configurationOf({ learner: true }, {}, {}).learner.value).toBe(true);
    expect(configurationOf({}, { QUORATE_LEARNER: "0" }, {}).learner.value).toBe(false);
  });
});

describe("what is refused", () => {
  it("an unknown key of the file, with the nearest one", () => {
    const text = complaint(() => parseConfigurationFile('{"elction-timeout": 1}', "quorate.json"));
    expect(text).toBe(
      "quorate.json: no setting is called elction-timeout: did you mean election-timeout?",
    );
  });

  it("an unknown variable, with the nearest setting", () => {
    const text = complaint(() => configurationOf({}, { QUORATE_DATADIR: "x" }, {}));
    expect(text).toContain("QUORATE_DATADIR is no setting");
    expect(text).toContain("did you mean QUORATE_DATA_DIR?");
  });

  it("a name that is near to nothing, with where to look", () => {
    expect(complaint(() => settingNamed("zzzzzzzzzzzz"))).toContain("quorate config show");
  });

  it.each([
    [{ "election-timeout": "99" }, "election-timeout: must be an integer from 100 to 50000"],
    [{ "election-timeout": "1e3" }, "must be an integer"],
    [{ learner: "maybe" }, "must be true or false"],
    [{ "log-level": "loud" }, "must be one of debug, info, warn, error, silent"],
    [{ "listen-client-urls": "ftp://127.0.0.1:1" }, "is no address: write host:port"],
    [{ "initial-cluster": "a=https://h:1/path" }, "is no address: write host:port"],
    [{ "listen-client-urls": "http://127.0.0.1:1,http://127.0.0.1:2" }, "this release takes one"],
    [{ "initial-cluster": "a" }, "write name=host:port"],
    [{ "initial-cluster": "a=h:1,a=h:2" }, "names one name twice"],
    [{ "initial-cluster": "a=h:1,b=h:1" }, "names one address twice"],
    [{ join: "nowhere" }, "write host:port"],
    [{ name: "" }, "must not be empty"],
  ])("%j, and says why", (flags, why) => {
    expect(complaint(() => configurationOf(flags as Record<string, string>, {}, {}))).toContain(
      why,
    );
  });

  it.each([
    [
      { flag: "listen-peer-urls", text: "nowhere" },
      '--listen-peer-urls: "nowhere" is no address: write host:port, or [ipv6]:port',
    ],
    [
      { flag: "join", text: "a:1,b" },
      '--join: "b" is no address: write host:port, or [ipv6]:port (found "a:1,b")',
    ],
    [
      { flag: "snapshot-count", text: "1" },
      "--snapshot-count: must be an integer from 100 to 10000000 (found 1)",
    ],
  ])("%j with the setting and the value named once", ({ flag, text }, want) => {
    expect(complaint(() => configurationOf({ [flag]: text }, {}, {}))).toBe(want);
  });

  it("a file of another type than its settings, naming the setting", () => {
    expect(complaint(() => parseConfigurationFile('{"snapshot-count": "many"}', "f"))).toContain(
      "f: snapshot-count",
    );
    expect(complaint(() => parseConfigurationFile("[]", "f"))).toContain("f:");
    expect(complaint(() => parseConfigurationFile("{", "f"))).toContain("f is no JSON");
  });

  it("any text at all, without another error than its own", () => {
    const name = fc.constantFrom(...SETTING_NAMES);
    const property = fc.property(name, fc.string(), (setting, text) => {
      try {
        configurationOf({ [setting]: text }, {}, {});
      } catch (error) {
        expect(error).toBeInstanceOf(BadConfiguration);
      }
    });
    fc.assert(property, { seed: 1, numRuns: 500 });
  });
});

describe("the table of settings", () => {
  it("has a default that the setting itself allows", () => {
    for (const name of SETTING_NAMES) {
      const { default: value } = settingOf(name);
      if (value === null) continue;
      expect(() => configurationOf({ [name]: String(value) }, {}, {}), name).not.toThrow();
    }
  });

  it("says of every setting what it is, and gives it a variable that leads back", () => {
    for (const name of SETTING_NAMES) {
      expect(settingOf(name).means, name).toMatch(/\.$/);
      const value = String(settingOf(name).default ?? "");
      if (value === "") continue;
      const all = configurationOf({}, { [environmentName(name)]: value }, {});
      expect(all[name].source).toBe("environment");
    }
  });

  it("becomes a JSON Schema that knows every key, and no other", () => {
    const schema = jsonSchema() as {
      properties: Record<string, { description?: string }>;
      additionalProperties: unknown;
    };
    expect(Object.keys(schema.properties).sort()).toEqual(["$schema", ...SETTING_NAMES].sort());
    expect(schema.additionalProperties).toBe(false);
    expect(schema.properties["snapshot-count"]?.description).toContain("log");
  });

  it("has nothing that could switch off a rule of the protocol", () => {
    expect(SETTING_NAMES.filter((name) => /rule|unsafe|fsync|quorum/.test(name))).toEqual([]);
  });
});
