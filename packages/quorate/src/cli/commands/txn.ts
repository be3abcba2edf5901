import type { Command } from "commander";
import { TxnAnswer } from "../answers.ts";
import { keyValueOutput } from "../keys.ts";
import { TxnOutput } from "../outputs.ts";
import { type ClientOptions, clientCommand, Session } from "../session.ts";
import type { Terminal } from "../terminal.ts";
import { parseCompare, parseOperation, parseTxn, type TxnRequest } from "../txn-language.ts";
import { getOutput, keyValues } from "./kv.ts";

interface TxnOptions extends ClientOptions {
  readonly if?: readonly string[];
  readonly then?: readonly string[];
  readonly else?: readonly string[];
}

type TxnResponse = (typeof TxnOutput._output)["responses"][number];

export function txnCommand(terminal: Terminal): Command {
  return clientCommand("txn", "compare and change in one step", [
    "txn --if 'value(greeting) = hello' --then 'put greeting bye' --else 'get greeting'",
    "txn --if 'create(lock) = 0' --then 'put lock mine'",
    "txn < transaction.txt    # three paragraphs: comparisons, then, else",
  ])
    .option("--if <comparison...>", "value|version|create|mod|lease(KEY) =|!=|<|> OPERAND")
    .option(
      "--then <operation...>",
      "put KEY VALUE, get KEY [END], del KEY [END]; if all comparisons hold",
    )
    .option("--else <operation...>", "the same, if one does not hold")
    .action(async (options: TxnOptions) => {
      const session = new Session(terminal, options);
      const answer = await session.write(
        "/v3/kv/txn",
        await requestOf(options, terminal),
        TxnAnswer,
      );
      const { succeeded, header } = answer;
      const responses = answer.responses.map(responseOutput);
      session.print(TxnOutput, { revision: header.revision, succeeded, responses }, tableOf);
    });
}

async function requestOf(options: TxnOptions, terminal: Terminal): Promise<TxnRequest> {
  const { if: compare = [], then: success = [], else: failure = [] } = options;
  if (compare.length + success.length + failure.length === 0)
    return parseTxn(await terminal.stdin());
  return {
    compare: compare.map(parseCompare),
    success: success.map(parseOperation),
    failure: failure.map(parseOperation),
  };
}

function responseOutput(response: (typeof TxnAnswer._output)["responses"][number]): TxnResponse {
  const { response_range: range, response_delete_range: deleted, response_put: put } = response;
  if (range !== undefined) return { type: "get", ...getOutput(range) };
  if (deleted !== undefined) {
    return {
      type: "del",
      deleted: deleted.deleted,
      previous: deleted.prev_kvs.map(keyValueOutput),
    };
  }
  return { type: "put", previous: put?.prev_kv == null ? null : keyValueOutput(put.prev_kv) };
}

function tableOf({ succeeded, responses, revision }: typeof TxnOutput._output): string {
  const head = `${succeeded ? "then: all comparisons held" : "else: a comparison did not hold"}, revision ${revision}\n`;
  return head + responses.map(responseText).join("");
}

function responseText(response: TxnResponse): string {
  if (response.type === "get") return keyValues(response.keyValues) || "get: no key\n";
  return response.type === "put" ? "put: done\n" : `del: deleted ${response.deleted}\n`;
}
