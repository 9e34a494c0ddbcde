export { createDevelopmentPages, type DevelopmentPages, type DevelopmentPagesParts } from './development-pages.ts';
export { type Hub, startHub } from './hub.ts';
