import { type Cluster, type ClusterOptions, type Kind, startCluster } from "./cluster.ts";

const QUOTA_BYTES = 8 * 2 ** 30;

const ETCD: Kind = {
  kind: "etcd",
  command({ name, dataDir, client, peer, reached, tls }, all) {
    const scheme = tls === null ? "http" : "https";
    const [clients, peers] = [`${scheme}://${client}`, `${scheme}://${peer}`];
    const advertised = `${scheme}://${reached}`;
    const initial = all.map((place) => `${place.name}=${scheme}://${place.reached}`).join(",");
    const flags = ["--name", name, "--data-dir", dataDir, "--initial-cluster", initial];
    flags.push("--listen-client-urls", clients, "--advertise-client-urls", clients);
    flags.push("--listen-peer-urls", peers, "--initial-advertise-peer-urls", advertised);
    flags.push("--initial-cluster-token", "bench", "--quota-backend-bytes", String(QUOTA_BYTES));
    if (tls !== null) {
      flags.push("--cert-file", tls.cert, "--key-file", tls.key);
      flags.push("--peer-cert-file", tls.cert, "--peer-key-file", tls.key);
      flags.push("--peer-client-cert-auth", "--peer-trusted-ca-file", tls.ca);
    }
    return ["etcd", ...flags];
  },
  sign: /ready to serve client requests/,
};

export const startEtcd = (options: ClusterOptions): Promise<Cluster> => startCluster(ETCD, options);
