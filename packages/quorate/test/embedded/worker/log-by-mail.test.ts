import { describe, expect, it } from "vitest";
import { LOG_LINES_MAX, LogByMail } from "../../../src/embedded/worker/log-by-mail.ts";
import { Mail } from "../../../src/embedded/worker/mail.ts";
import type { FromNode } from "../../../src/embedded/worker/message.ts";

function logbook(): {
  readonly log: LogByMail;
  readonly texts: () => readonly string[];
  readonly fields: () => unknown;
} {
  const lines: FromNode[] = [];
  const mail = new Mail<FromNode>(
    (batch) => void lines.push(...structuredClone(batch)),
    () => {},
  );
  const taken = () => {
    mail.flush();
    return lines.flatMap((line) => (line.type === "Log" ? [line] : []));
  };
  return {
    log: new LogByMail(mail),
    texts: () => taken().map(({ text }) => text),
    fields: () => taken().at(-1)?.fields,
  };
}

describe("a log kept in another thread", () => {
  it("drops lines beyond the bound, and says how many when lines are taken again", () => {
    const { log, texts, fields } = logbook();
    for (let i = 0; i < LOG_LINES_MAX + 7; i++) log.info({}, `line ${i}`);
    expect(texts()).toHaveLength(LOG_LINES_MAX);
    log.taken(LOG_LINES_MAX);
    expect(texts().at(-1)).toContain("some are missing");
    expect(fields()).toEqual({ dropped: 7 });
    log.info({}, "after");
    expect(texts().at(-1)).toBe("after");
  });

  it("tells in words what cannot travel", () => {
    const { log, fields } = logbook();
    log.warn({ act: () => {} }, "strange");
    expect(fields()).toEqual({ fields: "{ act: [Function: act] }" });
  });
});
