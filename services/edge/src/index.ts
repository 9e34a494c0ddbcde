export { createEdge, type Edge, type EdgeOptions } from './edge.ts';
export { AHEAD_WAIT_MS, createEdgeService, type EdgeService } from './edge-service.ts';
