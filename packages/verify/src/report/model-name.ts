import type { Value } from "../history/index.ts";
import type { LinearizableObject, Model } from "../models.ts";

/** A model as `parseModel` reads it. */
export function modelName(model: Model): string {
  switch (model.type) {
    case "linearizable":
      return `linearizable:${objectName(model.object)}`;
    case "register-model":
      return model.name;
    case "isolation":
      return model.level;
    case "list-append":
    case "rw-register":
      return `${model.type} ${model.level}`;
    case "bank":
      return [
        "bank",
        ...(model.negativeBalances ? ["--allow-negative-balances"] : []),
        ...(model.total === null ? [] : [`--total-amount ${model.total}`]),
      ].join(" ");
    case "long-fork":
      return model.groupSize === null ? "long-fork" : `long-fork --group-size ${model.groupSize}`;
    case "bounded-staleness": {
      const bound = (flag: string, most: number): string =>
        Number.isFinite(most) ? ` --${flag} ${most}` : "";
      return `bounded-staleness${bound("versions", model.versions)}${bound("time", model.time)}`;
    }
    case "leases":
      return model.slack === 0 ? "leases" : `leases --slack ${model.slack}`;
    case "set":
    case "set-full":
    case "counter":
    case "comments":
    case "revisions":
    case "fencing":
    case "watch":
      return model.type;
  }
}

function objectName(object: LinearizableObject): string {
  switch (object.name) {
    case "register":
    case "cas-register":
      return withParameters(object.name, [
        ...(object.initial === null ? [] : [`init=${wordOf(object.initial)}`]),
        ...(object.failedCasObserves ? ["failed-cas-allowed"] : []),
      ]);
    case "mutex":
      return withParameters(object.name, object.held ? ["init=locked"] : []);
    case "multi-register":
      return withParameters(
        object.name,
        Object.entries(object.initial).map(([key, value]) => `${key}=${wordOf(value)}`),
      );
    case "kv-string":
      return withParameters(object.name, object.initial === "" ? [] : [`init="${object.initial}"`]);
    case "fifo-queue":
    case "set":
      return object.name;
  }
}

const withParameters = (name: string, parameters: readonly string[]): string =>
  parameters.length === 0 ? name : `${name}(${parameters.join(",")})`;

const wordOf = (value: Value): string =>
  typeof value === "string" ? `"${value}"` : JSON.stringify(value);
