export { createConsole } from './console.ts';
export type { DevelopmentTools, Fault, FaultName } from './development.ts';
export { createDevelopmentRoutes } from './development-routes.ts';
