import { Certificates, isCertifiedFor } from "../tls/index.ts";
import { parseAddress } from "../transport/index.ts";
import type { ServerOptions } from "./start.ts";

/** The certificates of a node's two ports; null for one without TLS. */
export class PortCertificates {
  readonly clients: Certificates | null;
  readonly peers: Certificates | null;

  private constructor(clients: Certificates | null, peers: Certificates | null) {
    this.clients = clients;
    this.peers = peers;
  }

  /** Throws `CertificateUnusable`. */
  static async open({
    clientTls,
    peerTls,
    advertisePeer,
    log,
  }: Pick<
    ServerOptions,
    "clientTls" | "peerTls" | "advertisePeer" | "log"
  >): Promise<PortCertificates> {
    const clients = clientTls == null ? null : await Certificates.open("clients", clientTls, log);
    try {
      const peers = peerTls == null ? null : await Certificates.open("peers", peerTls, log);
      const { host } = parseAddress(advertisePeer);
      if (peers !== null && !isCertifiedFor(peers.current, host)) {
        log.warn(
          { advertisePeer },
          `the certificate of peer-cert-file does not name ${host}, where the other members look for this node: ` +
            "they will refuse to connect. Make one with that host among its names",
        );
      }
      return new PortCertificates(clients, peers);
    } catch (error) {
      clients?.close();
      throw error;
    }
  }

  async reload(): Promise<void> {
    await Promise.all([this.clients?.reload(), this.peers?.reload()]);
  }

  close(): void {
    this.clients?.close();
    this.peers?.close();
  }
}
