import type { Command } from "commander";
import { DeleteAnswer, PutAnswer, RangeAnswer } from "../answers.ts";
import { base64, cell, keyRange, keyValueOutput } from "../keys.ts";
import { DelOutput, GetOutput, type KeyValueOutput, PutOutput } from "../outputs.ts";
import { type ClientOptions, clientCommand, idOf, integerOf, Session } from "../session.ts";
import { type Terminal, table } from "../terminal.ts";

interface GetOptions extends ClientOptions {
  readonly prefix?: true;
  readonly limit?: number;
  readonly revision?: string;
  readonly keysOnly?: true;
  readonly countOnly?: true;
  readonly serializable?: true;
  readonly valueOnly?: true;
}

export function getCommand(terminal: Terminal): Command {
  return clientCommand("get", "read keys", [
    "get greeting",
    "get --prefix users/ --limit 10",
    'get a m          # from "a" up to, and without, "m"',
    "get greeting --revision 7 --json",
  ])
    .argument("<key>")
    .argument("[end]", "read the range from key up to end")
    .option("--prefix", "all keys that begin with key")
    .option("--limit <n>", "at most so many keys", integerOf)
    .option("--revision <n>", "as of that revision", idOf)
    .option("--keys-only", "leave the values out")
    .option("--count-only", "only count")
    .option("--serializable", "from the member that is asked, which may lag")
    .option("--value-only", "print the bare values")
    .action(async (key: string, end: string | undefined, options: GetOptions) => {
      const session = new Session(terminal, options);
      const answer = await session.read(
        "/v3/kv/range",
        rangeRequest(key, end, options),
        RangeAnswer,
      );
      const { valueOnly } = options;
      if (valueOnly && !session.json) {
        for (const kv of answer.kvs)
          terminal.out(`${Buffer.from(kv.value, "base64").toString("utf8")}\n`);
        return;
      }
      const output = getOutput(answer);
      const revision = answer.header.revision;
      session.print(GetOutput, { revision, ...output }, (got) =>
        options.countOnly ? `${got.count}\n` : keyValues(got.keyValues) + moreText(got.more),
      );
    });
}

export function putCommand(terminal: Terminal): Command {
  return clientCommand("put", "write a key", [
    "put greeting hello",
    "put certificate - < cert.pem",
    "put session 42 --lease 7587848943239472131",
  ])
    .argument("<key>")
    .argument("<value>", "`-` reads it from stdin")
    .option("--lease <id>", "the key ends with this lease", idOf)
    .option("--previous", "print what was there before")
    .action(
      async (
        key: string,
        value: string,
        options: ClientOptions & { lease?: string; previous?: true },
      ) => {
        const session = new Session(terminal, options);
        const text = value === "-" ? await terminal.stdin() : value;
        const body = {
          key: base64(key),
          value: base64(text),
          lease: options.lease ?? "0",
          prev_kv: options.previous === true,
        };
        const answer = await session.write("/v3/kv/put", body, PutAnswer);
        const previous = answer.prev_kv == null ? null : keyValueOutput(answer.prev_kv);
        session.print(PutOutput, { revision: answer.header.revision, previous }, (put) =>
          put.previous === null ? `revision ${put.revision}\n` : keyValues([put.previous]),
        );
      },
    );
}

export function delCommand(terminal: Terminal): Command {
  return clientCommand("del", "delete keys", ["del greeting", "del --prefix users/", "del a m"])
    .argument("<key>")
    .argument("[end]", "delete the range from key up to end")
    .option("--prefix", "all keys that begin with key")
    .option("--previous", "print what was there before")
    .action(
      async (
        key: string,
        end: string | undefined,
        options: ClientOptions & { prefix?: true; previous?: true },
      ) => {
        const session = new Session(terminal, options);
        const body = {
          ...keyRange(key, end, options.prefix === true),
          prev_kv: options.previous === true,
        };
        const answer = await session.write("/v3/kv/deleterange", body, DeleteAnswer);
        const previous = answer.prev_kvs.map(keyValueOutput);
        const output = { revision: answer.header.revision, deleted: answer.deleted, previous };
        session.print(DelOutput, output, (del) =>
          del.previous.length === 0 ? `deleted ${del.deleted}\n` : keyValues(del.previous),
        );
      },
    );
}

/** What a range answered, without its revision. */
export const getOutput = (
  answer: typeof RangeAnswer._output,
): Omit<typeof GetOutput._output, "revision"> => ({
  count: answer.count,
  more: answer.more,
  keyValues: answer.kvs.map(keyValueOutput),
});

export function keyValues(kvs: readonly KeyValueOutput[]): string {
  const rows = kvs.map(({ key, value, encoding, version, modRevision, lease }) => [
    cell(key, encoding),
    cell(value, encoding),
    version,
    modRevision,
    lease === "0" ? "" : lease,
  ]);
  return rows.length === 0 ? "" : table(["KEY", "VALUE", "VERSION", "REVISION", "LEASE"], rows);
}

const moreText = (more: boolean): string => (more ? "(more: raise --limit)\n" : "");

function rangeRequest(key: string, end: string | undefined, options: GetOptions): object {
  return {
    ...keyRange(key, end, options.prefix === true),
    limit: String(options.limit ?? 0),
    revision: options.revision ?? "0",
    keys_only: options.keysOnly === true,
    count_only: options.countOnly === true,
    serializable: options.serializable === true,
  };
}
