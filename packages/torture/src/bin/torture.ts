import { tortureCommand } from "../torture-command.ts";

const line =
  (stream: NodeJS.WriteStream) =>
  (text: string): void =>
    void stream.write(`${text}\n`);

process.exitCode = await tortureCommand(process.argv.slice(2), {
  out: line(process.stdout),
  err: line(process.stderr),
});
