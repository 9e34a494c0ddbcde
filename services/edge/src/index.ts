export { createEdge, type Edge, type EdgeOptions } from './edge.ts';
export { AHEAD_WAIT_MS, createEdgeService } from './edge-service.ts';
