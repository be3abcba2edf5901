export { LEASE_COST_BYTES, type Lease, Leases } from "./leases.ts";
