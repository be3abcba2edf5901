const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;

/** A `grpc-timeout` in whole milliseconds, rounded up; null where it is malformed. */
export function parseTimeout(value: string): number | null {
  const match = TIMEOUT.exec(value);
  if (match === null) return null;
  return Math.ceil(Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0));
}

/** The finest unit in which whole milliseconds fit into eight digits; what is longer than 8 digits of hours is cut to them. */
export function formatTimeout(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms));
  if (whole <= DIGITS_MAX) return `${whole}m`;
  for (const unit of ["S", "M", "H"] as const) {
    const count = Math.ceil(whole / (UNIT_MS[unit] as number));
    if (count <= DIGITS_MAX) return `${count}${unit}`;
  }
  return `${DIGITS_MAX}H`;
}

const DIGITS_MAX = 99_999_999;
