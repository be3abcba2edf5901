import { RaftCluster } from "./src/index.ts";
const c = new RaftCluster({ replicas: 5, voters: ["S1","S2","S3"], seed: 8n });
c.elect("S1").replicate("S1").replicate("S1");
c.change("S1", { voters: ["S3","S4","S5"] }, 1);
c.net.deliver(() => true, 9);
c.net.lose(); c.crash("S1"); 
const show = (s: string) => { console.log(s); for (const n of ["S1","S2","S3","S4","S5"] as const) { try { const st = c.state(n); console.log(n, st.role.type, "term", st.term, "log", c.termsOf(n).join(), "commit", st.commitIndex, JSON.stringify(c.config(n), (k, v) => typeof v === "bigint" ? Number(v) : v), st.electionAt); } catch { console.log(n, "down"); } } };
show("crashed"); c.net.run(5000); show("5 s"); c.restart("S1"); c.net.run(5000); show("10 s");
