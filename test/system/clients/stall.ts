// Loaded before a node: SIGUSR2 makes its event loop stand still for QUORATE_STALL_MILLIS, as a long piece of an application's code does.
const millis = Number(process.env["QUORATE_STALL_MILLIS"]);

process.on("SIGUSR2", () => {
  for (const until = performance.now() + millis; performance.now() < until; );
});
