import type { Spent } from "./budget.ts";
import { checkFencing, checkLeases, checkWatch } from "./domain/index.ts";
import { type History, Malformed } from "./history/index.ts";
import type { LinearizableObject, Model } from "./models.ts";
import {
  checkLinearizable,
  checkLinearizableRegisters,
  checkRevisions,
  fifoQueue,
  kvString,
  multiRegister,
  mutex,
  setObject,
} from "./objects/index.ts";
import { type Format, type Recording, transactionsOf } from "./readers/index.ts";
import { checkRegisterModel, checkStaleness } from "./registers/index.ts";
import {
  checkIsolation,
  checkListAppend,
  checkRwRegister,
  isElleLevel,
} from "./transactions/index.ts";
import type { Verdict } from "./verdict.ts";
import { strangeTo } from "./words.ts";
import {
  checkBank,
  checkComments,
  checkCounter,
  checkLongFork,
  checkSet,
  checkSetFull,
} from "./workloads/index.ts";

/** Checks a recording against a model. A model that does not speak of such a recording says `unknown`, and why. */
export function check(recording: Recording, model: Model, spent: Spent): Verdict {
  try {
    return judge(recording, model, spent);
  } catch (error) {
    if (error instanceof Malformed) return { type: "unknown", steps: 0, why: error.message };
    throw error;
  }
}

function judge(recording: Recording, model: Model, spent: Spent): Verdict {
  switch (model.type) {
    case "isolation": {
      const { transactions, orders } = transactionsOf(recording);
      const lists = transactions.some(({ steps }) => steps.some(({ type }) => type === "append"));
      return lists && isElleLevel(model.level)
        ? checkListAppend(model.level, transactions, orders, spent)
        : checkIsolation(model.level, transactions, spent);
    }
    case "list-append": {
      const { transactions, orders } = transactionsOf(recording);
      return checkListAppend(model.level, transactions, orders, spent);
    }
    case "rw-register": {
      const { transactions, orders } = transactionsOf(recording);
      return checkRwRegister(model.level, transactions, orders, spent);
    }
  }
  if (recording.type === "transactions") {
    const why = `${model.type} speaks of single operations, and these are transactions`;
    return { type: "unknown", steps: 0, why };
  }
  const strange = strangeTo(model, recording.history);
  if (strange !== null) return { type: "unknown", steps: 0, why: strange };
  return checkOperations(recording.history, recording.format, model, spent);
}

type OperationModel = Exclude<Model, { type: "isolation" | "list-append" | "rw-register" }>;

function checkOperations(
  history: History,
  format: Format,
  model: OperationModel,
  spent: Spent,
): Verdict {
  switch (model.type) {
    case "linearizable":
      return checkObject(history, format, model.object, spent);
    case "set":
      return checkSet(history);
    case "set-full":
      return checkSetFull(history);
    case "bank":
      return checkBank(history, model);
    case "counter":
      return checkCounter(history);
    case "long-fork":
      return checkLongFork(history, model.groupSize);
    case "comments":
      return checkComments(history);
    case "register-model":
      return checkRegisterModel(model.name, history, spent);
    case "bounded-staleness":
      return checkStaleness(history, model);
    case "revisions":
      return checkRevisions(history);
    case "fencing":
      return checkFencing(history);
    case "leases":
      return checkLeases(history, model.slack);
    case "watch":
      return checkWatch(history);
  }
}

function checkObject(
  history: History,
  format: Format,
  object: LinearizableObject,
  spent: Spent,
): Verdict {
  switch (object.name) {
    case "register":
    case "cas-register": {
      // Jepsen's operation maps have nil where a read did not say what it found; its text log where it found nothing.
      const maps = format === "jepsen-edn" || format === "jepsen-json";
      const nullReads = maps ? "anything" : "nothing";
      return checkLinearizableRegisters(history, { ...object, nullReads }, spent);
    }
    case "mutex":
      return checkLinearizable(mutex(object.held ? "held" : "free"), history, spent);
    case "multi-register":
      return checkLinearizable(multiRegister(object.initial), history, spent);
    case "kv-string":
      return checkLinearizable(kvString(object.initial), history, spent);
    case "fifo-queue":
      return checkLinearizable(fifoQueue(), history, spent);
    case "set":
      return checkLinearizable(setObject(), history, spent);
  }
}
