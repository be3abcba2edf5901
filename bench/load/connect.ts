import { GrpcClient } from "@quorate/http2";

/** So many connections, spread evenly over the members at these URLs. They speak no TLS. */
export function connect(urls: readonly string[], count: number): Promise<readonly GrpcClient[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) => {
      const { hostname, port } = new URL(urls[i % urls.length] ?? "");
      return GrpcClient.connect({ host: hostname, port: Number(port) });
    }),
  );
}
