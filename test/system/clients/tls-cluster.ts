import { execFile } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import https from "node:https";
import { join } from "node:path";
import { connect } from "node:tls";
import {
  CertOutput,
  CertShowOutput,
  StatusOutput,
} from "../../../packages/quorate/src/cli/outputs.ts";
import { freePort, type Running, Stage } from "../cluster/processes.ts";

/** How a command of somebody else's ended. */
export interface Ended {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

interface Node {
  readonly name: string;
  readonly client: number;
  readonly peer: number;
  /** Certificates as `certs node` writes them: for clients by `ca`, for peers by `peer-ca`, each authority beside them. */
  readonly directory: string;
  running: Running;
}

const HOSTS = "localhost,127.0.0.1";

/** Three nodes as people start them, with mutual TLS for clients and for peers. The third one's HTTP/2 is Node's. */
export class TlsCluster {
  readonly stage = new Stage();
  readonly nodes: Node[] = [];
  #founders = "";

  static async start(): Promise<TlsCluster> {
    const cluster = new TlsCluster();
    for (const authority of ["ca", "peer-ca", "other-ca"])
      await cluster.certs("ca", "--out", cluster.path(authority));
    for (const name of ["app", "other-app"]) {
      const ca = cluster.path(name === "app" ? "ca" : "other-ca");
      await cluster.certs("client", name, "--ca", ca, "--out", cluster.path("clients"));
    }
    const places = await Promise.all(
      ["n1", "n2", "n3"].map(async (name) => ({
        name,
        client: await freePort(),
        peer: await freePort(),
        directory: cluster.path(name),
      })),
    );
    cluster.#founders = places.map(({ name, peer }) => `${name}=https://127.0.0.1:${peer}`).join();
    for (const place of places) {
      await cluster.certify(place.name, "ca", place.directory);
      await cluster.certify(place.name, "peer-ca", join(place.directory, "peer"));
      cluster.nodes.push({ ...place, running: cluster.#launch(place) });
    }
    await cluster.ready();
    return cluster;
  }

  path(...names: readonly string[]): string {
    return join(this.stage.directory, ...names);
  }

  read(...names: readonly string[]): string {
    return readFileSync(this.path(...names), "utf8");
  }

  get endpoints(): string {
    return this.nodes.map(({ client }) => `https://127.0.0.1:${client}`).join();
  }

  /** What etcdctl, curl and `quorate` take alike. */
  get flags(): readonly string[] {
    const [cert, key] = [this.path("clients/app.crt"), this.path("clients/app.key")];
    return ["--cacert", this.path("ca/ca.crt"), "--cert", cert, "--key", key];
  }

  get credentials(): { readonly ca: string; readonly cert: string; readonly key: string } {
    return {
      ca: this.read("ca/ca.crt"),
      cert: this.read("clients/app.crt"),
      key: this.read("clients/app.key"),
    };
  }

  certs(...args: readonly string[]): Promise<typeof CertOutput._output> {
    return this.stage.json(CertOutput, ["certs", ...args]);
  }

  /** A certificate by that authority, with the authority's own beside it as `ca.crt`. */
  async certify(name: string, authority: string, out: string): Promise<void> {
    await this.certs("node", name, "--ca", this.path(authority), "--hosts", HOSTS, "--out", out);
    copyFileSync(this.path(authority, "ca.crt"), join(out, "ca.crt"));
  }

  async serialOf(file: string): Promise<string> {
    const { certificates } = await this.stage.json(CertShowOutput, ["certs", "show", file]);
    return certificates[0]?.serial ?? "";
  }

  /** What an authority's own file says from now on, at one node. */
  trust(node: Node, authorities: readonly string[]): void {
    const text = authorities.map((authority) => this.read(authority, "ca.crt")).join("");
    writeFileSync(join(node.directory, "peer", "ca.crt"), text);
  }

  /** What a node on these ports and with these certificates is started with. */
  flagsOf(node: Omit<Node, "running">): readonly string[] {
    const { name, client, peer, directory } = node;
    const own = (file: string): string => join(directory, file);
    const clients = ["--cert-file", own(`${name}.crt`), "--key-file", own(`${name}.key`)];
    const asked = ["--client-cert-auth", "--trusted-ca-file", own("ca.crt")];
    const pair = ["--peer-cert-file", own(`peer/${name}.crt`)];
    const peers = [...pair, "--peer-key-file", own(`peer/${name}.key`)];
    const members = ["--peer-trusted-ca-file", own("peer/ca.crt")];
    const listen = ["--listen-client-urls", `https://127.0.0.1:${client}`];
    const urls = [...listen, "--listen-peer-urls", `https://127.0.0.1:${peer}`];
    const data = ["--name", name, "--data-dir", own("data")];
    return [...data, ...urls, ...clients, ...asked, ...peers, ...members];
  }

  node(index: number): Node {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  restart(index: number): void {
    const node = this.node(index);
    node.running = this.#launch(node);
  }

  async ready(): Promise<void> {
    await Promise.all(this.nodes.map(({ running }) => running.says(/^cluster ready$/m)));
  }

  /** Of the default keyspace, as those who answer see it; -1 while nobody leads. */
  async leader(): Promise<number> {
    const args = ["status", "--endpoints", this.endpoints, ...this.flags];
    const { out } = await this.stage.run([...args, "--json"]);
    const { endpoints } = StatusOutput.parse(JSON.parse(out));
    const found = endpoints.find(({ role, healthy }) => role === "leader" && healthy);
    return this.nodes.findIndex(({ name }) => name === found?.name);
  }

  /** One request over HTTP/1.1, on a connection of its own unless an agent keeps one. */
  request(
    node: Node,
    path: string,
    body: object | null,
    agent: https.Agent | false = false,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { host: "127.0.0.1", port: node.client, path, agent, ...this.credentials };
      const method = body === null ? "GET" : "POST";
      const request = https.request({ ...options, method, timeout: 20_000 }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += String(chunk);
        });
        response.on("error", reject);
        response.on("end", () => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`status ${response.statusCode}: ${text}`));
        });
      });
      request.on("timeout", () => request.destroy(new Error("no answer in 20 s")));
      request.on("error", reject);
      request.end(body === null ? undefined : JSON.stringify(body));
    });
  }

  /** The serial number of the certificate that a connection of now is shown. */
  shownBy(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, ...this.credentials }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.on("error", reject);
    });
  }

  clean(): Promise<void> {
    return this.stage.clean();
  }

  #launch(node: Omit<Node, "running">): Running {
    const http2 = node.name === "n3" ? "node" : "quorate";
    const founders = ["--initial-cluster", this.#founders, "--initial-cluster-token", "tls"];
    return this.stage.node([...this.flagsOf(node), ...founders, "--http2", http2]);
  }
}

const COMMAND_MILLIS = 20_000;

export function command(file: string, args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, ETCDCTL_API: "3" };
  return new Promise((resolve) => {
    execFile(file, args, { timeout: COMMAND_MILLIS, env }, (error, out, err) => {
      const exit = typeof error?.code === "number" ? error.code : error === null ? 0 : -1;
      resolve({ exit, out, err });
    });
  });
}
